"""One contract for every layer, every example, every lowering.

The shape rule equals what PyTorch and onnxruntime produce; the declared weights are the module's `state_dict` in
names, order, shapes and trainability; symbolic sizes evaluate to the concrete ones; the numbers agree; the
multiply-accumulates are those that PyTorch counts; models of the oldest opset compute the same. A layer is tested the
moment it exists.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import nnspec
from nnspec import SpecError
from nnspec.dims import Size, substitute, symbols
from nnspec.ir import Program
from nnspec.ir.indices import length_bounds
from nnspec.ir.macs import macs
from nnspec.ir.state import state_dict
from nnspec.layers import registry
from nnspec.layers.base import Example, Layer, Weight
from nnspec.layers.families.folding import Fold
from nnspec.layers.families.grid import GridSample
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx import row as onnx_row
from nnspec.to_onnx import rows as onnx_rows
from nnspec.to_onnx.choices import Choices
from nnspec.to_onnx.export import export_model
from nnspec.to_onnx.unsupported import UNSUPPORTED
from nnspec.to_onnx.versions import OLDEST
from nnspec.to_torch import row as torch_row
from nnspec.to_torch import rows as torch_rows

TOLERANCE = 1e-4  # absolute and relative, float32 against float32
LAYERS = list(registry.all_layers())
CASES = [(layer, example) for layer in LAYERS for example in layer.examples]
NAMES = "abcdefgh"


def needs_newer(layer: type[Layer], example: Example) -> bool:
    """Whether the oldest opset has no operators for this use of the layer."""
    volume = layer is GridSample and ", 4, W]" in example.inputs[0]
    return layer is Fold or volume or "amax" in example.text or "amin" in example.text


def spec(example: Example, shapes: dict[str, tuple[int, ...]] | None = None) -> nnspec.Model:
    """A model that is one use of the layer."""
    lines = [f"  input {name}: {type}" for name, type in zip(NAMES, example.inputs, strict=False)]
    given = ", ".join(NAMES[: len(example.inputs)])
    applied = example.text[:1].isupper()
    chain = f"({given}) -> layer: {example.text}" if applied and given else example.text
    numbered = example.text.startswith(
        ("Split(", "Chunk(")
    )  # the first of several results, none of which is the main one
    lines += (
        [f"  parts = {chain}", "  output result = parts[0]"] if numbered else [f"  result = {chain}", "  output result"]
    )
    return nnspec.loads("model Example {\n" + "\n".join(lines) + "\n}", inputs=shapes)


def sizes(program: Program, example: Example) -> dict[str, int]:
    """A number for every symbol: that of the example, 2 for N, or one between 8 and 16."""
    found = {symbol.text for type in program.main.input_types for size in type.shape for symbol in symbols(size)}
    chosen = {name: 2 if name == "N" else 8 + zlib.crc32(name.encode()) % 9 for name in found}
    return {**chosen, **example.sizes}


def concrete(shape: tuple[Size, ...], numbers: dict[str, int]) -> tuple[int, ...]:
    values = tuple(substitute(size, dict(numbers)) for size in shape)
    assert all(isinstance(value, int) for value in values), values
    return values  # type: ignore[return-value]


def make_inputs(program: Program, numbers: dict[str, int]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    made: dict[str, np.ndarray] = {}
    lengths = length_bounds(program)
    for port, type in zip(program.main.inputs, program.main.input_types, strict=True):
        shape = concrete(type.shape, numbers)
        if port.name in lengths:
            made[port.name] = random.integers(1, concrete((lengths[port.name],), numbers)[0] + 1, shape)
        elif type.dtype == "int":
            made[port.name] = random.integers(0, 3, shape)
        elif type.dtype == "bool":
            made[port.name] = random.random(shape) > 0.5
        else:
            made[port.name] = random.standard_normal(shape).astype(np.float32)
    return made


def results(program: Program) -> dict[str, TensorType]:
    return dict(zip((port.name for port in program.main.outputs), program.main.output_types, strict=True))


def called_layer(program: Program, cls: type[Layer]) -> Layer:
    return next(call.callee for call in program.main.calls if isinstance(call.callee, cls))


def identifier(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else value.text


@contextmanager
def counted_in_full() -> Iterator[FlopCounterMode]:
    """PyTorch's count with the fused kernels of attention and LSTM off, whose products it does not see."""
    torch.backends.mha.set_fastpath_enabled(False)
    torch.backends.mkldnn.set_flags(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            yield counter
    finally:
        torch.backends.mkldnn.set_flags(True)
        torch.backends.mha.set_fastpath_enabled(True)


def check_steady(module: torch.nn.Module, inputs: list[torch.Tensor], given: list[torch.Tensor]) -> None:
    """What is steady in training gives there what it gives in evaluation, and changes nothing of its own."""
    again = module.train()(*inputs)
    for value, other in zip(given, again if isinstance(again, tuple) else (again,), strict=True):
        torch.testing.assert_close(other.detach(), value, equal_nan=True)
    module.eval()


@pytest.mark.parametrize("layer", LAYERS, ids=identifier)
def test_every_layer_is_documented_and_lowered(layer: type[Layer]) -> None:
    assert layer.__doc__ and layer.__doc__ != Layer.__doc__
    assert layer.examples
    assert torch_rows.__path__ and onnx_rows.__path__
    assert layer in torch_row.ROWS or layer in torch_row.UNSUPPORTED
    assert layer in onnx_row.ROWS or layer in UNSUPPORTED


@pytest.mark.parametrize(("layer", "example"), CASES, ids=identifier)
def test_layer_keeps_its_contract(layer: type[Layer], example: Example) -> None:
    model = spec(example)
    program = model.program
    used = called_layer(program, layer)
    numbers = sizes(program, example)
    inputs = make_inputs(program, numbers)
    expected = {name: concrete(type.shape, numbers) for name, type in results(program).items()}

    bound = spec(example, {name: array.shape for name, array in inputs.items()}).program
    assert {name: type.shape for name, type in results(bound).items()} == expected, "symbolic and concrete shapes"
    assert nnspec.from_json(model.to_json()).program == program, "JSON round trip"

    torch.manual_seed(0)
    module = model.to_torch().eval()
    check_weights(program, module)
    tensors = [torch.from_numpy(array) for array in inputs.values()]
    with torch.set_grad_enabled(bool(layer.tracks)), counted_in_full() as counter:
        found = module(*tensors)
    given = [value.detach() for value in (found if isinstance(found, tuple) else (found,))]
    outputs = dict(zip(expected, given, strict=True))
    for name, value in outputs.items():
        assert tuple(value.shape) == expected[name]
        assert (
            value.dtype
            == {"float": torch.float32, "int": torch.int64, "bool": torch.bool}[results(program)[name].dtype]
        )
    counted, padded = counter.get_total_flops() // 2, length_bounds(program)  # behind its length nothing is computed
    assert counted <= macs(bound)[bound.entry] if padded else macs(bound)[bound.entry] == counted
    if all(isinstance(call.callee, Layer) and call.callee.steady(training=True) for call in program.main.calls):
        check_steady(module, tensors, given)

    if layer in UNSUPPORTED:
        return
    weights = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    for variant, opset in ((program, None), (bound, None), (program, OLDEST), (bound, OLDEST)):
        if opset is not None and needs_newer(layer, example):
            with pytest.raises(SpecError, match="export with --opset"):
                export_model(variant, weights, choices=Choices(opset=opset))
            continue
        made = export_model(variant, weights, choices=Choices(opset=opset))
        onnx.checker.check_model(made, full_check=True)
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        known = {given.name for given in session.get_inputs()}
        values = session.run(list(expected), {name: array for name, array in inputs.items() if name in known})
        for (name, value), answer in zip(outputs.items(), values, strict=True):
            assert answer.shape == expected[name]
            assert answer.dtype == value.detach().numpy().dtype
            if not used.random:
                np.testing.assert_allclose(
                    answer, value.detach().numpy(), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
                )


def check_weights(program: Program, module: torch.nn.Module) -> None:
    declared = {entry.key: entry.weight for entry in state_dict(program)}
    actual = module.state_dict()
    assert list(declared) == list(actual)
    assert {key: weight.shape for key, weight in declared.items()} == {k: tuple(v.shape) for k, v in actual.items()}
    parameters = {name: parameter.requires_grad for name, parameter in module.named_parameters()}
    assert parameters == {key: weight.trainable for key, weight in declared.items() if not weight.buffer}


def check_start_from_another(key: str, weight: Weight, state: dict[str, torch.Tensor]) -> None:
    """Lengths of slices; singular vectors as far as PyTorch's iteration has come: each the image of the other."""
    initial, tensor = weight.initial, state[key]
    assert initial.of is not None
    other = state[key.removesuffix(weight.name) + initial.of.name]
    if initial.kind == "lengths":
        wanted = other.movedim(int(initial.numbers[0]), 0).flatten(1).norm(dim=1).view(weight.shape)
    elif initial.kind == "right":
        matrix = other.movedim(int(initial.numbers[0]), 0).flatten(1)
        wanted = torch.nn.functional.normalize(matrix.T @ state[key.removesuffix("_v") + "_u"], dim=0)
    else:
        matrix = other.movedim(int(initial.numbers[0]), 0).flatten(1)
        wanted = torch.nn.functional.normalize(matrix @ state[key.removesuffix("_u") + "_v"], dim=0)
        assert (tensor @ wanted) > 0.99
        return
    torch.testing.assert_close(tensor, wanted)


@pytest.mark.parametrize(("layer", "example"), CASES, ids=identifier)
def test_layer_starts_as_it_declares(layer: type[Layer], example: Example) -> None:
    """The initialiser that a weight declares has the mean and the range that PyTorch's start has."""
    program = spec(example).program
    torch.manual_seed(0)
    state = spec(example).to_torch().state_dict()
    for entry in state_dict(program):
        tensor, initial = state[entry.key].double(), entry.weight.initial
        if initial.of is not None:
            check_start_from_another(entry.key, entry.weight, state)
        elif initial.kind == "values":
            assert tensor.flatten().tolist() == list(initial.numbers)
        elif initial.kind == "constant":
            assert torch.equal(state[entry.key], torch.full_like(state[entry.key], initial.numbers[0]))
        elif initial.kind == "uniform":
            low, high = initial.numbers
            assert low - 1e-6 <= tensor.min() and tensor.max() <= high + 1e-6
            if tensor.numel() >= 50:
                assert tensor.max() - tensor.min() > 0.7 * (high - low)
        elif tensor.numel() >= 50:
            mean, std = initial.numbers
            scale = 0.88 if initial.kind == "truncated_normal" else 1.0
            assert abs(tensor.mean() - mean) < std and 0.6 < tensor.std() / (scale * std) < 1.4
