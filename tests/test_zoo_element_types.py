"""Every spec of the zoo in every element type, and those with positions on sequences that 16 bits cannot count."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from reference.element_types import HALVES, given, in_16_bits, in_float64
from reference.records import SPECS
from test_zoo_export import RANDOM, ZOO, load, weights
from torch import Tensor, nn

import nnspec
from nnspec.ir import Program
from nnspec.to_onnx.reference import Reference
from nnspec.to_torch.module import build

# What is run each time: one of each kind of positions, masks and tables.
QUICK = {"llama.nn", "transformer.nn", "t5.nn", "gpt2.nn", "bert.nn", "clip.nn", "swin.nn", "ddpm.nn", "lenet5_1998.nn",
         "vae.nn", "pgan_discriminator.nn"}  # fmt: skip
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in sorted(ZOO)]
STEPS = 40  # roundings of 16 bits that a whole network may add up, relative to its largest output
LENGTH = 1500  # places: bfloat16 holds whole numbers up to 256, float16 up to 2048


def filled(program: Program) -> tuple[nn.Module, list[Tensor]]:
    """The module, none of whose norms is without effect, and inputs."""
    arrays = weights(program)
    module = build(program).eval()
    state = {key: torch.from_numpy(array) for key, array in arrays.items()}
    assert not module.load_state_dict(state, strict=False).unexpected_keys
    trial = Reference(program, arrays.__getitem__).trials(1)[0]
    return module, [torch.from_numpy(trial.inputs[port.name]) for port in program.main.inputs]


def apart(found: Tensor, exact: Tensor) -> float:
    """The largest difference, relative to the largest value."""
    return float((found.double() - exact).abs().max() / exact.abs().max())


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_of_the_zoo_computes_in_every_element_type(name: str) -> None:
    program = load(ZOO[name]).program
    module, inputs = filled(program)
    outputs = [port.name for port in program.main.outputs if not port.training]
    with torch.no_grad():
        exact = in_float64(module, inputs)
        kinds: list[tuple[list[Tensor], list[Tensor], float, torch.dtype | None]] = [
            (given(module, inputs), exact, 4e-6, torch.float32),
            (given(module, inputs, torch.bfloat16), exact, STEPS * torch.finfo(torch.bfloat16).eps, None),
            *((*in_16_bits(module, inputs, half), STEPS * torch.finfo(half).eps, half) for half in HALVES),
        ]
    for found, wanted, within, dtype in kinds:
        for output, one, other in zip(outputs, found, wanted, strict=True):
            if other.is_floating_point() and output not in RANDOM.get(name, set()):
                assert dtype is None or one.dtype == dtype
                assert apart(one, other) < within, (output, one.dtype)


_SMALL = {"layers": 2, "width": 64, "heads": 4}
LONG: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", _SMALL | {"vocab": 256, "groups": 2, "hidden": 128, "base": 500000.0}),
    "llama, scaled": ("Llama3_2_1B", _SMALL | {"vocab": 256, "groups": 2, "hidden": 128}),
    "transformer": ("Transformer", {"vocab": 101, "width": 64, "heads": 4, "depth": 2, "hidden": 64}),
    "t5": ("T5", {"layers": 2, "width": 32, "heads": 4, "size": 8, "hidden": 64, "vocab": 101}),
    "gpt2": ("GPT2", _SMALL | {"vocab": 101, "context": LENGTH}),
    "bert": ("BERT", _SMALL | {"hidden": 128, "vocab": 101, "context": LENGTH}),
}


def rotary(x: Tensor, positions: Tensor | None = None, base: float = 10000.0, **scaling: float) -> Tensor:
    """A rotation whose angles are float32."""
    single = x.float()
    d = x.shape[-1]
    places = torch.arange(x.shape[-2], dtype=torch.float32) if positions is None else positions.float()
    frequencies = base ** (-torch.arange(0, d, 2, dtype=torch.float32) / d)
    if scaling:
        factor, low, high, length = scaling.values()
        kept = ((length * frequencies / (2 * np.pi) - low) / (high - low)).clamp(0, 1)
        frequencies = frequencies * (kept + (1 - kept) / factor)
    angles = torch.outer(places.double(), frequencies.double()).float()  # exact, and rounded once
    left, right = single.chunk(2, dim=-1)
    turned = (left * angles.cos() - right * angles.sin(), right * angles.cos() + left * angles.sin())
    return torch.cat(turned, dim=-1).to(x.dtype)


def sinusoidal(layer: Any, positions: Tensor) -> Tensor:
    """Waves whose angles are float32."""
    frequencies = layer.base ** (-torch.arange(layer.half, dtype=torch.float32) / (layer.half - layer.freq_shift))
    angles = positions.float()[..., None] * frequencies
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2).to(layer.like.dtype)


SLOW = {"t5", "bert"}  # their masks are as large as the square of the length
NAMES_OF_LONG = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in LONG]


def long(name: str) -> nnspec.Model:
    """A model for long sequences."""
    model, settings = LONG[name]
    return nnspec.load(SPECS / f"{name.partition(',')[0]}.nn", model, settings=settings)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", NAMES_OF_LONG)
def test_far_places_are_as_exact_as_with_angles_in_float32(
    name: str, half: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under autocast, and in 16 bits: the error of each place against that of a module with other functions."""
    model = long(name)
    torch.manual_seed(0)
    module = model.to_torch().eval()
    tokens = [torch.randint(1, 100, (1, LENGTH)) for _ in model.program.main.inputs]
    runs: list[Callable[[], list[Tensor]]] = [
        lambda: given(module, tokens, half),
        lambda: in_16_bits(module, tokens, half)[0],
    ]
    with torch.no_grad():
        wanted = given(module, tokens)[0]
        found = [run()[0] for run in runs]
        source = sys.modules[type(module).__module__]
        for function in ("rotary", "rotary_llama3"):
            if hasattr(source, function):
                monkeypatch.setattr(source, function, rotary)
        if hasattr(source, "SinusoidalEmbedding"):
            monkeypatch.setattr(source.SinusoidalEmbedding, "forward", sinusoidal)
        others = [run()[0] for run in runs]
    for ours, other in zip(found, others, strict=True):
        own, theirs = error(ours, wanted), error(other, wanted)
        assert float((own / theirs).max()) < 1.1
        assert float(own.max()) < STEPS * torch.finfo(half).eps


@pytest.mark.parametrize("name", NAMES_OF_LONG)
def test_far_places_are_exact_in_a_file_of_16_bits(name: str) -> None:
    model, random = long(name), np.random.default_rng(0)
    tokens = {port.name: random.integers(1, 100, (1, LENGTH)) for port in model.program.main.inputs}
    single, half = (
        onnxruntime.InferenceSession(
            model.to_onnx(precision=precision).SerializeToString(), providers=["CPUExecutionProvider"]
        ).run(None, tokens)[0]
        for precision in ("float32", "float16")
    )
    assert error(torch.from_numpy(half), torch.from_numpy(single)).max() < 4 * torch.finfo(torch.float16).eps


def error(found: Tensor, wanted: Tensor) -> Tensor:
    """The error around each place, relative to the deviation of the outputs."""
    squares = ((found.float() - wanted) / wanted.std()).square().mean(-1).flatten()
    return torch.nn.functional.avg_pool1d(squares[None], 25, 5)[0].sqrt() + torch.finfo(torch.float32).eps
