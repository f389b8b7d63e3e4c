"""Decoding with caches: a sequence in parts gives what the whole gives, in PyTorch and in onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from test_contract import CASES, called_layer, concrete, identifier, make_inputs, sizes, spec

import nnspec
from nnspec.cli.main import main
from nnspec.decode.continuation import continuation
from nnspec.decode.language import Decoder, decoder
from nnspec.diagnostics import SpecError
from nnspec.dims import Size, substitute, symbol
from nnspec.ir import Module
from nnspec.ir.verify import verify
from nnspec.layers.base import Example, Layer
from nnspec.layers.continued import along
from nnspec.to_onnx.export import export_model
from nnspec.to_torch.module import build

EXACT = 1e-10  # float64 PyTorch against float64 PyTorch, relative to the largest magnitude
CLOSE = 1e-4  # float32 onnxruntime against float64 PyTorch
LENGTH, BATCH = 9, 2

MULTIHEAD = """
block Layer {
  residual { norm1: LayerNorm -> self_attn: MultiheadAttention(4, causal = true) }
  residual { norm2: LayerNorm -> linear1: Linear(32) -> ReLU -> linear2: Linear(16) }
}
model Multihead {
  input tokens: int[N, T <= 40]
  places = Range(T) -> place: Embedding(40, 16)
  (tokens -> token: Embedding(11, 16)) + places
  3 x Layer
  output logits = Linear(11)
}
"""
SHARED = """
block Layer {
  [N, T, D]
  x = _
  heads = x -> projection: Linear(D) -> Rearrange("n t (h d) -> n h t d", h = 2)
  residual { attention(rotary(heads), rotary(heads), heads, causal = true) -> Rearrange("n h t d -> n t (h d)") }
}
model Shared {
  input tokens: int[N, T]
  embed: Embedding(11, 8) -> layer: Layer -> layer
  output logits = Linear(11)
}
"""
PLACED = """
block Placed: x {
  [N, T, D]
  places = Range(T) -> SinusoidalEmbedding(D)
  x + places
}
model Apart {
  input tokens: int[N, T]
  embed: Embedding(11, 8) -> Placed
  heads = Rearrange("n t (h d) -> n h t d", h = 2)
  attention(heads, heads, heads, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(11)
}
"""
MASKED = """
model Masked {
  input tokens: int[N, T]
  input seen: bool[N, T]
  embed: Embedding(11, 8)
  heads = Rearrange("n t (h d) -> n h t d", h = 2)
  mask = seen -> Unsqueeze(1) -> Unsqueeze(1)
  attention(heads, heads, heads, mask = mask, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(11)
}
"""
GPT2 = {"layers": 2, "width": 16, "heads": 4, "vocab": 11, "context": 40}
LLAMA = {"layers": 2, "width": 16, "heads": 4, "vocab": 11, "hidden": 24, "groups": 2}
MODELS: dict[str, Any] = {
    "gpt2": lambda: nnspec.load("gpt2", settings=GPT2),
    "llama": lambda: nnspec.load("llama", settings=LLAMA),
    "llama with a window": lambda: nnspec.load("llama", settings={**LLAMA, "window": 3}),
    "llama with scaled positions": lambda: nnspec.load("llama", settings={**LLAMA, "scaling": [8.0, 1.0, 4.0, 8]}),
    "characters, attention": lambda: nnspec.load("examples/characters_gpt.nn", settings={"vocab": 11}),
    "characters, LSTM": lambda: nnspec.load("examples/characters_lstm.nn", settings={"vocab": 11, "width": 12}),
    "LSTM, time first": lambda: nnspec.load("rnn_lm", settings={"vocab": 11, "width": 8, "hidden": 8}),
    "GRU, time first": lambda: nnspec.load("rnn_lm", "GRULanguageModel", settings={"vocab": 11, "width": 8}),
    "heads with projections": lambda: nnspec.loads(MULTIHEAD),
    "one module twice": lambda: nnspec.loads(SHARED),
    "positions in a block of their own": lambda: nnspec.loads(PLACED),
    "a mask of the keys": lambda: nnspec.loads(MASKED),
    "transformer": lambda: nnspec.load(
        "transformer", settings={"depth": 2, "width": 8, "heads": 2, "hidden": 12, "vocab": 11}
    ),
}
Arrays = dict[str, np.ndarray]


def numbers(shape: tuple[Size, ...], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(int(str(substitute(size, sizes))) for size in shape)


def whole_inputs(model: nnspec.Model, made: Decoder) -> Arrays:
    """Tokens, and what else the model takes, for the whole sequence."""
    random, main = np.random.default_rng(0), model.program.main
    sizes = {"N": BATCH, "T": LENGTH, "S": 5}
    arrays: Arrays = {}
    for port in main.inputs:
        given = main.values[port.value]
        high = 2 if given.dtype == "bool" else 11
        arrays[port.name] = random.integers(0, high, numbers(given.shape, sizes)).astype(
            np.bool_ if given.dtype == "bool" else np.int64
        )
    arrays.get("seen", np.ones((1, 1), np.bool_))[:, 0] = True
    return arrays


def empty_past(made: Decoder, dtype: Any) -> Arrays:
    sizes = {"N": BATCH, str(made.past): 0}
    kinds = {"float": dtype, "bool": np.bool_}
    return {name: np.zeros(numbers(given.shape, sizes), kinds[given.dtype]) for name, given in made.kept.items()}


def in_parts(made: Decoder, run: Any, inputs: Arrays, parts: list[int], dtype: Any) -> np.ndarray:
    """The scores of all places, [places, vocabulary], from parts of these lengths."""
    past, start, found = empty_past(made, dtype), 0, []
    for length in parts:
        part = {
            name: array.take(range(start, start + length), made.axis) if LENGTH in array.shape else array
            for name, array in inputs.items()
        }
        results = run({**part, **past})
        scores = results[made.scores].reshape(*part[made.tokens].shape, -1)
        found.append(np.moveaxis(scores, made.axis, 0))
        past = {name: results[f"present.{name.removeprefix('past.')}"] for name in made.kept}
        start += length
    assert start == LENGTH
    return np.concatenate(found)


def torch_runner(program: Any, state: dict[str, torch.Tensor] | None = None) -> tuple[Any, torch.nn.Module]:
    module = build(program).double().eval()
    if state is not None:
        module.load_state_dict(state)
    names = [port.name for port in program.main.inputs]
    outputs = [port.name for port in program.main.outputs]

    @torch.no_grad()
    def run(inputs: Arrays) -> Arrays:
        given = [torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in names]
        results = module(*given)
        results = results if isinstance(results, tuple) else (results,)
        return {name: value.numpy() for name, value in zip(outputs, results, strict=True)}

    return run, module


def onnx_runner(program: Any, module: torch.nn.Module) -> Any:
    weights = {name: tensor.numpy().astype(np.float32) for name, tensor in module.state_dict().items()}
    proto = export_model(program, weights)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_a_sequence_in_parts_gives_what_the_whole_gives(name: str) -> None:
    model = MODELS[name]()
    made = decoder(model.program, model.sources)
    verify(made.program)
    assert nnspec.from_json(made.program.to_json()).program == made.program
    inputs = whole_inputs(model, made)
    torch.manual_seed(0)
    run_whole, module = torch_runner(model.program)
    whole = run_whole(inputs)[made.scores].reshape(*inputs[made.tokens].shape, -1)
    whole = np.moveaxis(whole, made.axis, 0)
    scale = np.abs(whole).max()
    run, _ = torch_runner(made.program, module.state_dict())
    run_onnx = onnx_runner(made.program, module)
    for parts in ([LENGTH], [1] * LENGTH, [4, 1, 3, 1]):
        assert np.abs(in_parts(made, run, inputs, parts, np.float64) - whole).max() < EXACT * scale
        assert np.abs(in_parts(made, run_onnx, inputs, parts, np.float32) - whole).max() < CLOSE * scale


def split(inputs: Arrays, axes: dict[str, int | None], lengths: tuple[int, ...]) -> Iterator[Arrays]:
    """The inputs part by part; what has no axis of time is the same in each."""
    start = 0
    for length in lengths:
        places = range(start, start + length)
        yield {name: array if axes[name] is None else array.take(places, axes[name]) for name, array in inputs.items()}
        start += length


def time_axes(main: Module, time: Size) -> dict[str, int | None]:
    """Where time is in the inputs and outputs that have a dimension of exactly its size, or none that depends on it."""
    ports = {port.name: main.values[port.value].shape for port in (*main.inputs, *main.outputs)}
    return {
        name: shape.index(time) if time in shape else None
        for name, shape in ports.items()
        if time in shape or not any(along(time, size) for size in shape)
    }


@pytest.mark.parametrize(("layer", "example"), [case for case in CASES if "T" in str(case[1].inputs)], ids=identifier)
def test_what_a_layer_states_about_a_sequence_is_what_it_does(layer: type[Layer], example: Example) -> None:
    """Every example along its T: what is not refused gives in parts what it gives as a whole."""
    model = spec(example)
    main, time = model.program.main, symbol("T")
    axes = time_axes(main, time)
    if called_layer(model.program, layer).random or any(port.name not in axes for port in main.inputs):
        return  # nothing to compare, or an input that cannot be cut into parts
    try:
        program = continuation(model.program, time, symbol("P9", 0), model.sources)
    except SpecError as refused:
        assert refused.diagnostics[0].code in ("E1001", "E1003")
        return
    chosen = {**sizes(model.program, example), "T": LENGTH, "P9": 0}
    inputs = make_inputs(model.program, chosen)
    inputs = {name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in inputs.items()}
    torch.manual_seed(0)
    run_whole, module = torch_runner(model.program)
    run, _ = torch_runner(program, module.state_dict())
    kept = {port.name: program.main.values[port.value] for port in program.main.inputs if port.name not in inputs}
    past = {name: np.zeros(concrete(given.shape, chosen)) for name, given in kept.items()}
    found = []
    for part in split(inputs, axes, (2, 1, LENGTH - 3)):
        found.append(run({**part, **past}))
        past = {name: found[-1][f"present.{name.removeprefix('past.')}"] for name in kept}
    for name, whole in run_whole(inputs).items():
        if name in axes:
            parts = [part[name] for part in found]
            joined = parts[-1] if axes[name] is None else np.concatenate(parts, axes[name])
            np.testing.assert_allclose(joined, whole, rtol=1e-9, atol=1e-9)
