"""Language models at random, decoded in pieces: `python -m tests.fuzz.decoding --seconds 60 --seed 7`.

What is fed in pieces of any lengths, with what was kept of those before, must give the scores of the whole sequence,
in PyTorch and in onnxruntime; or the model must be refused with a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import numpy as np
import torch

import nnspec
from nnspec import Model, SpecError
from nnspec.decode.language import Decoder, decoder
from nnspec.dims import Size, substitute, symbol
from nnspec.ir import Program
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.export import export_model
from tests.fuzz import run, shrink
from tests.fuzz.catalogue import maybe
from tests.fuzz.comparing import Array, Arrays, Network, alone, close, forget, need, opened, ran
from tests.fuzz.drawing import Drawing, Scope
from tests.fuzz.machine import Machine
from tests.fuzz.texts import check_refusal

BATCH, VOCABULARY = 2, 7
EXACT, CLOSE = 1e-8, 5e-4


class Case(NamedTuple):
    """A spec, and how many places there are in each piece."""

    text: str
    pieces: tuple[int, ...]
    seed: int


class Decoding(Machine[Case]):
    """Language models in pieces."""

    name = "decoding"
    cases = "language models"

    def draw(self, random: Random) -> Case:
        pieces = tuple(random.choice([1, 1, 2, 3, 5]) for _ in range(random.randint(2, 6)))
        return Case(language_model(random), pieces, random.randrange(2**31))

    def show(self, case: Case) -> str:
        return f"{case.text}in pieces of {', '.join(map(str, case.pieces))}"

    def smaller(self, case: Case) -> Iterator[Case]:
        for pieces in ((1, 1), (2, 1), (1, 2)):
            if len(pieces) < len(case.pieces):
                yield case._replace(pieces=pieces)
        for text in (*shrink.without_lines(case.text), *shrink.without_steps(case.text)):
            yield case._replace(text=text)

    def examine(self, case: Case) -> str:
        try:
            model = nnspec.loads(case.text)
        except SpecError:
            return "not sound"
        try:
            made = decoder(model.program, model.sources)
        except SpecError as refused:
            check_refusal(refused, case.text)
            return "refused"
        try:
            network = Network(model, Random(case.seed))
            compare(network, made, case)
        finally:
            forget()
        return "sound"


def compare(network: Network, made: Decoder, case: Case) -> None:
    """Whole and in pieces, in float64 and in onnxruntime."""
    inputs = whole(network, made, sum(case.pieces), case.seed)
    exact = network.run(inputs, doubled(network), torch.float64)[made.scores]
    stepwise = share(network, made.program, case.seed)
    keys = set(stepwise.weights)
    given, single_given = inputs, inputs
    if made.encoder is not None:
        encoder = share(network, made.encoder, case.seed)
        keys |= set(encoder.weights)
        read = {name: inputs[name] for name in encoder.types}
        given = inputs | encoder.run(read, doubled(encoder), torch.float64)
        single_given = inputs | ran(opened(exported(encoder), case.seed % 2 == 0), read)
    need(keys == set(network.weights), "state_dict: other keys when decoding")
    session = opened(exported(stepwise), case.seed % 2 == 0)
    axis = made.axis if made.axis < exact.ndim - 1 else 0
    single = in_pieces(made, stepwise, lambda given: ran(session, given), single_given, case.pieces, np.float32)
    wide = doubled(stepwise)
    double = in_pieces(
        made, stepwise, lambda given: stepwise.run(given, wide, torch.float64), given, case.pieces, np.float64
    )
    for what, found, tolerance in (("PyTorch", double, EXACT), ("ONNX", single, CLOSE)):
        if exact.ndim == 2:  # places and samples are one dimension
            continue
        joined = np.concatenate(found, axis)
        need(joined.shape == exact.shape, f"{what} in pieces: {joined.shape} instead of {exact.shape}")
        difference = float(np.abs(joined - exact).max(initial=0.0)) if np.isfinite(exact).all() else 0.0
        need(
            close(exact, joined.astype(exact.dtype), tolerance),
            f"{what} in pieces: the scores differ by {difference:.3g}",
        )


def share(network: Network, program: Program, seed: int) -> Network:
    """A part of a model with its weights."""
    made = Network(Model(program), Random(seed))
    state = network.module.state_dict()
    made.module.load_state_dict({key: state[key] for key in made.module.state_dict()})
    made.weights = {key: network.weights[key] for key in made.weights}
    made.check_json()
    return made


def exported(network: Network) -> bytes:
    return export_model(network.model.program, dict(network.weights)).SerializeToString()


def doubled(network: Network) -> torch.nn.Module:
    """The module in float64."""
    module = alone(network.model)
    module.load_state_dict(network.module.state_dict())
    return module.double().eval()


def whole(network: Network, made: Decoder, length: int, seed: int) -> Arrays:
    """Tokens, and whatever else the model takes, for all places."""
    random = np.random.default_rng(seed)
    sizes = {"N": BATCH, "T": BATCH, "S": 3, str(made.time): length}
    arrays: Arrays = {}
    for name, given in network.types.items():
        shape = numbers(given.shape, sizes)
        if given.dtype == "bool":
            arrays[name] = random.random(shape) < 0.7
        elif given.dtype == "int":
            arrays[name] = random.integers(0, VOCABULARY, shape)
        else:
            arrays[name] = random.standard_normal(shape).astype(np.float32)
    return arrays


def numbers(shape: tuple[Size, ...], sizes: dict[str, int]) -> tuple[int, ...]:
    return tuple(int(str(substitute(size, sizes))) for size in shape)


def in_pieces(
    made: Decoder, network: Network, step: object, inputs: Arrays, pieces: tuple[int, ...], dtype: object
) -> list[Array]:
    """The scores of each piece."""
    kept = made.kept
    past: Arrays = {
        name: np.zeros(
            numbers(given.shape, {"N": BATCH, "T": BATCH, str(made.past): 0}),
            {"float": dtype, "bool": np.bool_, "int": np.int64}[given.dtype],
        )  # type: ignore[arg-type]
        for name, given in kept.items()
    }
    past |= {name: inputs[name] for name in kept if name in inputs}
    start, found = 0, []
    time = str(made.time)
    for length in pieces:
        part: Arrays = {}
        for name, array in inputs.items():
            if name not in network.types or name in kept:
                continue
            shape = network.types[name].shape
            axes = [axis for axis, size in enumerate(shape) if str(size) == time]
            for axis in axes:
                array = array.take(range(start, start + length), axis)
            part[name] = array
        outputs = step({**part, **past})  # type: ignore[operator]
        sizes = {"N": BATCH, "T": BATCH, "S": 3, time: length, str(made.past): start}
        for name, given in network.outputs.items():
            need(
                outputs[name].shape == numbers(given.shape, sizes), f"shape: {name} is {outputs[name].shape} in a piece"
            )
        past = {name: outputs[name.replace("past.", "present.", 1)] for name in kept}
        start += length
        found.append(outputs[made.scores])
    return found


# --- language models


def language_model(random: Random) -> str:
    """Tokens, their vectors, steps that look back, scores."""
    drawing = Drawing(random, random.choice([0, 2, 4]))
    width = random.choice([4, 6, 8])
    first = maybe(random, 0.8)
    time = random.choice(["T", "T <= 40"])
    n, t = symbol("N"), symbol("T", 1, 40 if "<=" in time else None)
    shape = (n, t, width) if first else (t, n, width)
    flow = TensorType("float", shape)
    scope = Scope({}, {"N": n, "T": t})
    lines = [f"input tokens: int[{'N, ' + time if first else time + ', N'}]"]
    if maybe(random, 0.2) and first:
        lines.append("input seen: bool[N, T]")
    reads = first and maybe(random, 0.35)
    if reads:
        lines.append("input source: int[N, S]")
        lines.append(f"source -> far: Embedding({VOCABULARY}, {width})")
        lines.append(
            f"memory = _ -> {random.choice(['Tanh', f'Linear({width})', f'LSTM({width}, batch_first = true)'])}"
        )
    lines.append(
        f"tokens -> embed: Embedding({VOCABULARY}, {width}{', weight = far.weight' if reads and maybe(random, 0.3) else ''})"
    )
    if maybe(random, 0.4) and first:
        table = random.choice([f"Embedding(64, {width})", f"SinusoidalEmbedding({width})"])
        lines += [f"places = Range(T) -> {table}", "_ + places"]
    for _ in range(random.randint(1, 3)):
        if maybe(random, 0.7):
            if reads and maybe(random, 0.5):
                lines.append(remembering(random, drawing, width))
            lines.append(looking_back(random, drawing, width, first, len(lines) > 1 and "seen" in lines[1]))
        else:
            lines.append(drawing.chain(scope, flow, 1, keep=True)[0])
    if maybe(random, 0.3):
        lines.append("LayerNorm")
    tied = ", weight = embed.weight" if maybe(random, 0.3) else ""
    lines.append(f"output logits = head: Linear({VOCABULARY}, bias = false{tied})")
    head = "\n".join(drawing.declarations)
    return f"{head}\nmodel Language {{\n  " + "\n  ".join(lines) + "\n}\n"


def remembering(random: Random, drawing: Drawing, width: int) -> str:
    """A step that takes what an encoder gives."""
    label = drawing.fresh("cross")
    kind = random.choice(["heads", "heads", "attention", "started", "added"])
    if kind == "heads":
        text = f"(_, memory) -> {label}: MultiheadAttention({random.choice([1, 2])})"
    elif kind == "attention":
        split = 'Rearrange("n t (h d) -> n h t d", h = 2)'
        q, k = drawing.fresh("q"), drawing.fresh("k")
        text = f"{q} = _ -> Linear({width}) -> {split} ; {k} = memory -> {label}: Linear({width}) -> {split}"
        text = f'{{ {text} ; attention({q}, {k}, {k}) ; Rearrange("n h t d -> n t (h d)") }}'
    elif kind == "started":
        text = f"(_, mean(memory, dim = 1)[none]) -> {label}: GRU({width}, batch_first = true)"
    else:
        text = "_ + mean(memory, dim = 1, keepdim = true)"
    return random.choice([text, f"residual {{ {text} }}"])


LOOP = """block Loop{0}: x, total {{
  output total = 0.7 * total + tanh(x)
  output seen = total * x
}}"""


def looking_back(random: Random, drawing: Drawing, width: int, first: bool, masked: bool) -> str:
    """A step that goes on with a sequence."""
    label = drawing.fresh("back")
    kind = random.choice(
        ["recurrent", "recurrent", "heads", "attention", "attention", "attention", "convolution", "loop"]
    )
    if kind == "recurrent" or not first:
        layer = random.choice(["LSTM", "GRU", "RNN"])
        options = f"{', num_layers = 2' if maybe(random, 0.3) else ''}{', batch_first = true' if first else ''}"
        text = f"{label}: {layer}({width}{options})"
    elif kind == "heads":
        text = f"{label}: MultiheadAttention({random.choice([1, 2])}, causal = true)"
    elif kind == "loop":
        drawing.declarations.append(LOOP.format(label))
        text = f"{{ (each _ along 1, carry total = zeros([N, {width}])) -> {label}: scan Loop{label} ; {label}.seen }}"
    elif kind == "convolution":
        dilation, groups = random.choice([1, 2, 3]), random.choice([1, width])
        window = random.choice(["Pad([{0}, 0]) -> {1}: Conv1d({2})", "{1}: Conv1d({2}, padding = [[{0}, 0]])"])
        options = f"{width}, 3, dilation = {dilation}, groups = {groups}"
        window = window.format(2 * dilation, label, options)
        text = f'Rearrange("n t c -> n c t") -> {window} -> Rearrange("n c t -> n t c")'
    else:
        text = _attention(random, drawing, width, masked)
    if maybe(random, 0.3):
        text = f"{random.choice([2, 3])} x {{ {text} }}"
    return random.choice([text, f"residual {{ {text} }}", f"residual {{ LayerNorm -> {text} }}"])


YARN = 'rotary({}, scaling = "yarn", factor = 4.0, original_length = 8, beta_slow = 0.1, beta_fast = 2.0)'


def _attention(random: Random, drawing: Drawing, width: int, masked: bool) -> str:
    heads, size = random.choice([1, 2, 4]), random.choice([2, 4])
    groups = random.choice([1, heads])
    turn = random.choice(["{}", "{}", "rotary({})", "rotary({}, interleaved = true)", "rotary({}, base = 50.0)", YARN])
    options = ", causal = true"
    near = ""
    if not masked and maybe(random, 0.2):
        table, places = drawing.fresh("table"), drawing.fresh("places")
        near = f"{places} = Range(T) ; {table} = clamp({places}[:, none] - {places}[none], min = 0, max = 4)"
        near += f' -> Embedding(5, {heads}) -> Rearrange("t s h -> h t s")'
        options += f", bias = {table}"
    if maybe(random, 0.3):
        options += f", window = {random.randint(1, 4)}"
    options += random.choice(["", "", "", ", cap = 2.0", ", alibi = true", ", cap = 0.5, alibi = true"])
    if masked and maybe(random, 0.7):
        options += ", mask = seen[:, none, none]"
    q, k, v = drawing.fresh("q"), drawing.fresh("k"), drawing.fresh("v")
    split = 'Rearrange("n t (h d) -> n h t d", h = {})'
    lines = [
        *([f"x{q} = _", near, f"x{q}"] if near else []),
        f"{q} = _ -> Linear({heads * size}) -> {split.format(heads)}",
        f"{k} = _ -> Linear({groups * size}) -> {split.format(groups)}",
        f"{v} = _ -> Linear({groups * size}) -> {split.format(groups)}",
        f"attention({turn.format(q)}, {turn.format(k)}, {v}{options})",
        f'Rearrange("n h t d -> n t (h d)") -> Linear({width})',
    ]
    return f"{{ {' ; '.join(lines)} }}"


if __name__ == "__main__":
    run.main(Decoding())
