"""Decoding with caches: a sequence in parts gives what the whole gives, in PyTorch and in onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from reference import language
from reference.proof import load
from safetensors.torch import save_model
from test_contract import CASES, called_layer, concrete, identifier, make_inputs, sizes, spec

import nnspec
from nnspec.cli.main import main
from nnspec.decode.continuation import continuation
from nnspec.decode.language import Decoder, decoder
from nnspec.diagnostics import SpecError
from nnspec.diagnostics.render import render
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
  heads = _ -> Rearrange("n t (h d) -> n h t d", h = 2)
  attention(heads, heads, heads, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(11)
}
"""
MASKED = """
model Masked {
  input tokens: int[N, T]
  input seen: bool[N, T]
  embed: Embedding(11, 8)
  heads = _ -> Rearrange("n t (h d) -> n h t d", h = 2)
  mask = seen -> Unsqueeze(1) -> Unsqueeze(1)
  attention(heads, heads, heads, mask = mask, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(11)
}
"""
WAVES = """
block Gated(dilation) {
  [N, C, T]
  residual {
    Pad([2 * dilation, 0])
    multiply { { Conv1d(C, 3, dilation = dilation) -> Tanh }; { Conv1d(C, 3, dilation = dilation) -> Sigmoid } }
    Conv1d(C, 1)
  }
}
model Waves {
  input tokens: int[N, T]
  embed: Embedding(11, 8) -> Transpose(1, 2)
  Conv1d(8, 4, padding = [[3, 0]], groups = 8) -> SiLU
  for d in [1, 2, 4] { Gated(d) }
  Transpose(1, 2)
  output logits = Linear(11)
}
"""
SUMMED = """
model Summed {
  input tokens: int[N, T]
  seen = cast(tokens != 3, "int")
  places = cumsum(seen, dim = 1) - 1
  embed: Embedding(11, 8)
  heads = _ -> Rearrange("n t (h d) -> n h t d", h = 2)
  turned = rotary(heads, places)
  attention(turned, turned, heads, mask = (tokens != 3)[:, none, none], causal = true)
  Rearrange("n h t d -> n t (h d)")
  _ + cumsum(_, dim = -2) / 9.0
  output logits = Linear(11)
}
"""
READ = """
model Read {
  input source: int[N, S]
  input lengths: int[N]
  input tokens: int[N, T]
  source -> far: Embedding(11, 8)
  (_, lengths = lengths) -> reader: LSTM(8, batch_first = true, bidirectional = true)
  memory = reader
  training { output aux = memory -> Linear(3) }
  embed = tokens -> near: Embedding(11, 8)
  (embed, reader.state[:1], reader.cell[:1]) -> writer: LSTM(8, batch_first = true)
  query = writer
  (query, memory) -> MultiheadAttention(2)
  output logits = Linear(11)
}
"""
CHOMPED = """
block Chomped(dilation) {
  [N, C, T]
  residual {
    conv1: Conv1d(C, 3, padding = 2 * dilation, dilation = dilation, norm = "weight") -> _[:, :, :T] -> ReLU
    conv2: Conv1d(C, 3, padding = 2 * dilation, dilation = dilation) -> _[..., :-2 * dilation] -> ReLU
  }
}
model Temporal {
  input tokens: int[N, T]
  embed: Embedding(11, 8) -> Transpose(1, 2) -> Chomped(1) -> Chomped(2) -> Transpose(1, 2)
  output logits = Linear(11)
}
"""
COUNTED = """
block Placed {
  [N, T, D]
  places = Range(T) -> SinusoidalEmbedding(D)
  _ + places -> LSTM(D, batch_first = true)
}
model Counted {
  input tokens: int[N, T]
  embed: Embedding(11, 8) -> 2 x Placed
  output logits = Linear(11)
}
"""
SCORES = """
block Layer {
  [N, T, D]
  heads = _ -> qkv: Linear(3 * D) -> Rearrange("n t (k h d) -> k n h t d", k = 3, h = 2)
  residual {
    attention(heads[0], heads[1], heads[2], causal = true, alibi = true, cap = 2.0, window = 5)
    Rearrange("n h t d -> n t (h d)") -> Linear(D)
  }
}
model Scores {
  input tokens: int[N, T]
  embed: Embedding(11, 8) -> 2 x Layer
  output logits = Linear(11)
}
"""
DISTANCES = """
block Layer: x, bias {
  [N, T, D]
  heads = x -> qkv: Linear(3 * D) -> Rearrange("n t (k h d) -> k n h t d", k = 3, h = 2)
  attention(heads[0], heads[1], heads[2], bias = bias, causal = true)
  x + (_ -> Rearrange("n h t d -> n t (h d)"))
}
model Distances {
  input tokens: int[N, T]
  embed: Embedding(11, 8)
  places = Range(T)
  near = clamp(places[:, none] - places[none], min = 0, max = 6)
  far = where(near < 6, cast(near, "float") * -0.1, full([T, T], -3.0))
  bias = near -> table: Embedding(7, 2) -> Rearrange("t s h -> h t s")
  (embed, bias + far) -> 2 x Layer
  mask = (cast(places, "float") * 2.0)[none] <= (cast(places, "float") * 2.0 + 0.5)[:, none]
  attention(_, _, _, mask = mask, causal = true, scale = 1.0)
  output logits = Linear(11)
}
"""
WAVENET = {"layers": 3, "stacks": 2, "width": 6, "skip": 5, "end": 5, "classes": 11}
MAMBA = {"vocab": 11, "width": 8, "layers": 2, "inner": 12, "states": 3, "rank": 2}
T5 = {"layers": 3, "width": 16, "heads": 2, "size": 4, "hidden": 24, "vocab": 11}
BART = {"layers": 2, "width": 8, "heads": 2, "vocab": 11, "context": 40}
GPT2 = {"layers": 2, "width": 16, "heads": 4, "vocab": 11, "context": 40}
LLAMA = {"layers": 2, "width": 16, "heads": 4, "vocab": 11, "hidden": 24, "groups": 2}
MODELS: dict[str, Any] = {
    "gpt2": lambda: nnspec.load("gpt2", settings=GPT2),
    "llama": lambda: nnspec.load("llama", settings=LLAMA),
    "llama with a window": lambda: nnspec.load("llama", settings={**LLAMA, "window": 3}),
    "llama with scaled positions": lambda: nnspec.load("llama", "Llama3_2_1B", settings=LLAMA),
    "characters, attention": lambda: nnspec.load("examples/characters_gpt.nn", settings={"vocab": 11}),
    "characters, LSTM": lambda: nnspec.load("examples/characters_lstm.nn", settings={"vocab": 11, "width": 12}),
    "LSTM, time first": lambda: nnspec.load("rnn_lm", settings={"vocab": 11, "width": 8, "hidden": 8}),
    "GRU, time first": lambda: nnspec.load("rnn_lm", "GRULanguageModel", settings={"vocab": 11, "width": 8}),
    "heads with projections": lambda: nnspec.loads(MULTIHEAD),
    "one module twice": lambda: nnspec.loads(SHARED),
    "positions in a block of their own": lambda: nnspec.loads(PLACED),
    "a mask of the keys": lambda: nnspec.loads(MASKED),
    "seq2seq": lambda: nnspec.load(
        "seq2seq", settings={"source_vocab": 11, "target_vocab": 11, "width": 6, "hidden": 8}
    ),
    "seq2seq with attention": lambda: nnspec.load(
        "seq2seq_attention", settings={"source_vocab": 11, "target_vocab": 11, "width": 6, "hidden": 8}
    ),
    "Mamba": lambda: nnspec.load("mamba", settings=MAMBA),
    "T5": lambda: nnspec.load("t5", settings=T5),
    "tables and masks of distances": lambda: nnspec.loads(DISTANCES),
    "left-padded convolutions": lambda: nnspec.loads(WAVES),
    "places and features are summed up": lambda: nnspec.loads(SUMMED),
    "an encoder of padded sequences": lambda: nnspec.loads(READ),
    "convolutions whose ends are cut off": lambda: nnspec.loads(CHOMPED),
    "WaveNet": lambda: nnspec.load("wavenet", settings=WAVENET),
    "places are counted and nothing as long is kept": lambda: nnspec.loads(COUNTED),
    "capped scores, distances and a window": lambda: nnspec.loads(SCORES),
    "transformer": lambda: nnspec.load(
        "transformer", settings={"depth": 2, "width": 8, "heads": 2, "hidden": 12, "vocab": 11}
    ),
    **{name: partial(load, language.GOLDENS[name]) for name in language.CAUSAL},
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
        low, high = (1, 6) if port.name == "lengths" else (0, 2 if given.dtype == "bool" else 11)
        arrays[port.name] = random.integers(low, high, numbers(given.shape, sizes)).astype(
            {"bool": np.bool_, "int": np.int64, "float": np.float64}[given.dtype]
        )
    arrays.get("seen", np.ones((1, 1), np.bool_))[:, 0] = True
    return arrays


def empty_past(made: Decoder, dtype: Any) -> Arrays:
    sizes = {"N": BATCH, str(made.past): 0}
    kinds = {"float": dtype, "bool": np.bool_, "int": np.int64}
    return {name: np.zeros(numbers(given.shape, sizes), kinds[given.dtype]) for name, given in made.kept.items()}


def in_parts(made: Decoder, run: Any, inputs: Arrays, parts: list[int], dtype: Any) -> np.ndarray:
    """The scores of all places, [places, vocabulary], from parts of these lengths."""
    given = {port.name: inputs[port.name] for port in made.program.main.inputs if port.name in inputs}
    past = empty_past(made, dtype) | {name: array for name, array in given.items() if name in made.kept}
    inputs = {name: array for name, array in given.items() if name not in past}
    start, found = 0, []
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


def with_memory(made: Decoder, runner: Any, state: dict[str, torch.Tensor], inputs: Arrays) -> Arrays:
    """The inputs, and what an encoder makes of them, which is computed once; the text is as long as it is read."""
    inputs = {**inputs, made.tokens: inputs[made.tokens].take(range(LENGTH), made.axis)}
    if made.encoder is None:
        return inputs
    given = {port.name: inputs[port.name] for port in made.encoder.main.inputs}
    return {**inputs, **runner(made.encoder, state)[0](given)}


def torch_runner(program: Any, state: dict[str, torch.Tensor] | None = None) -> tuple[Any, torch.nn.Module]:
    module = build(program).double().eval()
    if state is not None:
        module.load_state_dict({key: state[key] for key in module.state_dict()})
    names = [port.name for port in program.main.inputs]
    outputs = [port.name for port in program.main.outputs if not port.training]

    @torch.no_grad()
    def run(inputs: Arrays) -> Arrays:
        given = [torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in names]
        results = module(*given)
        results = results if isinstance(results, tuple) else (results,)
        return {name: value.numpy() for name, value in zip(outputs, results, strict=True)}

    return run, module


def onnx_runner(program: Any, state: dict[str, torch.Tensor]) -> tuple[Any, None]:
    weights = {name: tensor.numpy().astype(np.float32) for name, tensor in state.items()}
    proto = export_model(program, weights)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(inputs: Arrays) -> Arrays:
        single = {
            name: array.astype(np.float32) if array.dtype == np.float64 else array for name, array in inputs.items()
        }
        return dict(zip(names, session.run(names, single), strict=True))

    return run, None


@pytest.mark.parametrize("name", MODELS)
def test_a_sequence_in_parts_gives_what_the_whole_gives(name: str) -> None:
    model = MODELS[name]()
    made = decoder(model.program, model.sources)
    for program in filter(None, (made.program, made.encoder)):
        verify(program)
        assert nnspec.from_json(program.to_json()).program == program
    inputs = whole_inputs(model, made)
    torch.manual_seed(0)
    run_whole, module = torch_runner(model.program)
    read = inputs[made.tokens].take(range(LENGTH), made.axis)
    whole = np.moveaxis(run_whole(inputs)[made.scores].reshape(*read.shape, -1), made.axis, 0)
    scale = np.abs(whole).max()
    state = module.state_dict()
    for runner, dtype, within in ((torch_runner, np.float64, EXACT), (onnx_runner, np.float32, CLOSE)):
        run, given = runner(made.program, state)[0], with_memory(made, runner, state, inputs)
        for parts in ([LENGTH], [1] * LENGTH, [4, 1, 3, 1]):
            assert np.abs(in_parts(made, run, given, parts, dtype) - whole).max() < within * scale


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
        program = continuation(model.program, time, symbol("P9", 0), model.sources).program
    except SpecError as refused:
        assert refused.diagnostics[0].code == "E1001"
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


def refusal(body: str, head: str = "input tokens: int[N, T <= 64]") -> str:
    text = "model M {\n  " + head + "\n  embed: Embedding(11, 8)\n  " + body + "\n  output logits = Linear(11)\n}\n"
    with pytest.raises(SpecError) as caught:
        nnspec.loads(text).cached()
    return render(caught.value.found)


@pytest.mark.parametrize(
    ("body", "reason", "advice"),
    [
        ("Transpose(1, 2) -> Conv1d(8, 3, padding = 1) -> Transpose(1, 2)", "Conv1d looks at places along T that are yet to come", "pad on the left alone, by what the window spans: [[2, 0]]"),
        ("down = _ -> Transpose(1, 2) -> Conv1d(8, 3, padding = [[2, 0]], stride = 2)\n  embed + mean(down, dim = 2)[:, none]", "Conv1d steps over places along T", "stride = 1"),
        ("Transpose(1, 2) -> Pad([2, 0], value = 1.0) -> Conv1d(8, 3) -> Transpose(1, 2)", "Pad does not pad T places on the left alone, with zeros", "the beginning of the sequence"),
        ("Transpose(1, 2) -> Conv1d(8, 3, padding = [[2, 0]], padding_mode = \"replicate\") -> Transpose(1, 2)", "Conv1d pads with what is yet to come", "pad with zeros"),
        ("MultiheadAttention(2)", "MultiheadAttention lets every place along T see those after it", "causal = true"),
        ("LSTM(8, batch_first = true, bidirectional = true)", "LSTM reads the places along T backwards", "leave bidir"),
        ("(embed, ones([1, N, 8])) -> GRU(8, batch_first = true)", "GRU starts from a state that is neither zero nor what an encoder", "start from zeros"),
        ("Transpose(1, 2) -> Pad([2, 0]) -> Transpose(1, 2) -> LSTM(8, batch_first = true) -> _[:, 2:]", "LSTM reads T + 2 places, which is not one for each", "the sequence itself"),
        ("embed + mean(embed, dim = 1, keepdim = true)", "Mean mixes places along T", "look back only"),
        ("_ / T", "Divide has T, the length of the whole sequence, in its scalar", "each place alone"),
        ("table: Parameter([64, 8])\n  embed + table[:T]", "Subscript has T, the length of the whole", "by Range(T)"),
        ("_ -> cumprod(_, dim = 1)", "CumulativeProduct mixes places along T", "look back only"),
        ("_[:, :1] + _", "Subscript mixes places along T", "look back only"),
        ("twice = Range(2 * T) -> Embedding(99, 8)\n  embed + twice[:T]", "Range counts from 0 to 2*T", "Range(T)"),
        ("keys = embed -> Transpose(1, 2)\n  softmax(embed @ keys) @ embed", "sets every place along T beside every other: [N, T, T]", "causal"),
    ],
)  # fmt: skip
def test_what_needs_the_whole_sequence_is_refused_with_its_reason(body: str, reason: str, advice: str) -> None:
    shown = refusal(body)
    assert reason in shown
    assert advice in shown
    assert "--> <text>" in shown


LOOP = """
block Step: x, total, rate {
  output total = total * rate + x
  output seen = tanh(total)
}
model Loop {
  input tokens: int[N, T]
  embed: Embedding(11, 8)
  rate = Parameter([8], init = 0.5)
  (WALK) -> loop: scan STEP
  output logits = loop.seen -> Linear(11)
}
"""


@pytest.mark.parametrize(
    ("walk", "step", "reason"),
    [
        (
            "each embed along 1, carry total = ones([N, 8]), rate = rate",
            "Step",
            "Step starts from a state that is neither zero",
        ),
        (
            "each embed along 1, carry total = zeros([N, 8]), rate = rate",
            "Step backward",
            "Step reads the places along T backw",
        ),
        ("each embed along 1, carry total = zeros([N, 8]), rate = rate", "Step", None),
        ("each embed along 1, carry total = full([N, 8], 0.0), rate = rate", "Step", None),
    ],
)
def test_a_loop_goes_on_from_zeros_forwards(walk: str, step: str, reason: str | None) -> None:
    model = nnspec.loads(LOOP.replace("WALK", walk).replace("STEP", step))
    if reason is None:
        assert [port.name for port in model.cached().program.main.inputs] == ["tokens", "past.loop.total"]
        return
    with pytest.raises(SpecError) as caught:
        model.cached()
    assert reason in render(caught.value.found)
    assert "--> <text>" in render(caught.value.found)


def test_a_text_that_is_written_has_no_length_yet() -> None:
    shown = refusal("(embed, lengths = n) -> GRU(8, batch_first = true)", "input tokens: int[N, T]\n  input n: int[N]")
    assert "GRU is told where its sequences end" in shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("model M {\n input image: float[N, 3]\n output y = Linear(2)\n}", "no scores for every place of an input of tokens"),
        ("model M {\n input a: int[N, T]\n output y = argmax(a, dim = 1)\n}", "it has no output of scores"),
        ("model M {\n input a: int[4, 8]\n Embedding(5, 5)\n}", "the number of its tokens is fixed, a: int[4, 8]"),
    ],
)  # fmt: skip
def test_what_is_no_language_model_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.loads(text).cached()
    assert caught.value.diagnostics[0].code == "E1002"
    assert reason in render(caught.value.found)


def test_a_model_that_looks_at_no_other_place_keeps_nothing() -> None:
    model = nnspec.loads("model Bigram {\n input tokens: int[N, T]\n output logits = Embedding(5, 5)\n}")
    assert model.cached().program == model.program


def test_a_mistake_in_a_block_names_the_way_to_it() -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.load("bert", settings={"layers": 2}).cached()
    assert render(caught.value.found) == (
        "error[E1001]: the model cannot be decoded step by step along T: Attention lets every place along T see those "
        "after it\n"
        "  --> zoo/bert.nn:10:3\n"
        "   |\n"
        "10 |   attention(query, key, value, mask = seen, dropout = attention_dropout)"
        ' -> Rearrange("n h t d -> n t (h d)")\n'
        "   |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "   |\n"
        "   = in Layer, called as encoder.layer.0 at zoo/bert.nn:54:18\n"
        "   = in Encoder, called as encoder at zoo/bert.nn:71:30\n"
        "   = help: let it see those before it only: causal = true\n"
    )


def test_the_program_grows_with_the_text_except_for_repeats_that_keep_something() -> None:
    counts = {}
    for layers in (2, 50):
        program = nnspec.load("gpt2", settings={**GPT2, "layers": layers}).cached().program
        counts[layers] = {module.name: len(module.calls) for module in program.modules.values()}
    assert counts[2].keys() == counts[50].keys()
    assert {name for name, count in counts[2].items() if counts[50][name] != count} == {"H"}


def test_more_layers_than_the_limit_are_refused_before_they_are_written_out() -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.load("gpt2", settings={**GPT2, "layers": 1_000_000}).cached()
    assert caught.value.diagnostics[0].code == "E0701"


def test_export_with_cache_names_what_is_kept_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    settings = [f"--set={name}={value}" for name, value in GPT2.items()]
    result = CliRunner().invoke(main, ["export", "gpt2", *settings, "--cache", "--onnx", str(path)])
    assert result.exit_code == 0, result.output
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    kept = [f"transformer.h.{layer}.attn.{name}" for layer in (0, 1) for name in ("key", "value")]
    assert [port.name for port in session.get_inputs()] == ["tokens", *(f"past.{name}" for name in kept)]
    assert [port.name for port in session.get_outputs()] == ["logits", *(f"present.{name}" for name in kept)]
    assert session.get_inputs()[1].shape == ["N", 4, "P", 4]
    assert session.get_outputs()[1].shape == ["N", 4, "P + T", 4]
    largest = json.loads(session.get_modelmeta().custom_metadata_map["nnspec.largest"])
    assert largest == {"T": 40, "P": 40}


def test_a_file_with_caches_can_be_verified_and_made_smaller(tmp_path: Path) -> None:
    path = str(tmp_path / "model.onnx")
    settings = [f"--set={name}={value}" for name, value in GPT2.items()]
    made = CliRunner().invoke(main, ["export", "gpt2", *settings, "--cache", "--onnx", path, "--precision", "int8"])
    assert made.exit_code == 0, made.output
    assert "opset 22 int8" in made.stdout
    strict = CliRunner().invoke(main, ["verify", "gpt2", path, *settings, "--cache", "--trials", "2"])
    loose = CliRunner().invoke(
        main, ["verify", "gpt2", path, *settings, "--cache", "--trials", "2", "--tolerance", "0.2"]
    )
    assert (strict.exit_code, loose.exit_code) == (1, 0), loose.output
    assert "present.transformer.h.1.attn.value" in loose.stdout


def test_an_encoder_is_a_file_of_its_own_and_both_load_the_weights_of_the_whole(tmp_path: Path) -> None:
    weights, path = tmp_path / "whole.safetensors", tmp_path / "model.onnx"
    model = nnspec.load("bart", settings=BART)
    torch.manual_seed(0)
    module = model.to_torch().eval()
    save_model(module, str(weights))  # of four names of the table of tokens it holds one
    settings = [f"--set={name}={value}" for name, value in BART.items()]
    options = [*settings, "--weights", str(weights)]
    result = CliRunner().invoke(main, ["export", "bart", *options, "--cache", "--onnx", str(path)])
    assert result.exit_code == 0, result.output
    encoder, decoder = (
        onnxruntime.InferenceSession(str(path.with_name(name)), providers=["CPUExecutionProvider"])
        for name in ("model.encoder.onnx", "model.onnx")
    )
    memory = [f"memory.model.decoder.layers.{i}.encoder_attn.{name}" for i in (0, 1) for name in ("key", "value")]
    past = [f"past.model.decoder.layers.{i}.self_attn.{name}" for i in (0, 1) for name in ("key", "value")]
    assert [port.name for port in encoder.get_inputs()] == ["tokens"]
    assert [port.name for port in encoder.get_outputs()] == [*memory, "encoder_last_hidden_state"]
    assert sorted(port.name for port in decoder.get_inputs()) == sorted(["target", *memory, *past])
    tokens, target = np.array([[3, 1, 4, 1]]), np.array([[2, 7, 5]])
    given = dict(zip([*memory, "last"], encoder.run(None, {"tokens": tokens}), strict=True))
    given = {name: given[name] for name in memory} | {name: np.zeros((1, 2, 0, 4), np.float32) for name in past}
    found = decoder.run(["logits"], {"target": target, **given})[0]
    with torch.no_grad():
        wanted = module(torch.from_numpy(tokens), torch.from_numpy(target))[0]
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-4, atol=1e-5)
    for name, flag in (("model.onnx", "--cache"), ("model.encoder.onnx", "--encoder")):
        verified = CliRunner().invoke(main, ["verify", "bart", str(tmp_path / name), *options, flag, "--trials", "2"])
        assert verified.exit_code == 0, verified.output


def test_both_halves_in_python_have_their_share_of_the_weights() -> None:
    whole = nnspec.load("bart", settings=BART)
    made = whole.cached()
    assert made.encoder is not None
    assert (made.name, made.encoder.name) == ("BART", "BARTEncoder")
    keys = [set(model.to_torch().state_dict()) for model in (whole, made, made.encoder)]
    assert keys[0] == keys[1] | keys[2]
    assert "model.encoder.layers.0.fc1.weight" not in keys[1]
    assert "model.decoder.layers.0.fc1.weight" not in keys[2]


def test_a_model_of_text_alone_has_no_encoder(tmp_path: Path) -> None:
    settings = [f"--set={name}={value}" for name, value in GPT2.items()]
    result = CliRunner().invoke(main, ["verify", "gpt2", str(tmp_path / "x.onnx"), *settings, "--encoder"])
    assert result.exit_code == 1
    assert "error[E0266]: GPT2 has no encoder: it computes all of it from the text" in result.output
    assert nnspec.load("gpt2", settings=GPT2).cached().encoder is None


SEPARATE = """
model Separate {
  input source: int[N, S]
  input tokens: int[N, T]
  read = source -> far: Embedding(11, 8)
  mean(read, dim = 1)[:, none] + (tokens -> near: Embedding(11, 8, weight = far.weight)) -> LSTM(8, batch_first = true)
  output logits = Linear(11)
}
"""


def test_a_weight_that_is_tied_to_one_of_the_other_half_stays_its_own(tmp_path: Path) -> None:
    model = nnspec.loads(SEPARATE)
    module = model.to_torch()
    save_model(module, str(tmp_path / "whole.safetensors"))
    made = model.cached().to_torch(tmp_path / "whole.safetensors")
    torch.testing.assert_close(made.state_dict()["near.weight"], module.state_dict()["far.weight"])


def test_what_two_steps_keep_of_one_value_is_kept_once() -> None:
    names = [port.name for port in MODELS["WaveNet"]().cached().program.main.inputs]
    assert names == ["samples", *(f"past.filter_convs.{i}.input" for i in range(6))]  # and not of gate_convs
