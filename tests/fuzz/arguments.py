"""Every argument of every layer at its boundaries: what `check` accepts is built, exported and run.

`python -m tests.fuzz.arguments --seconds 60 --seed 7`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from random import Random
from typing import Any, NamedTuple

import numpy as np

import nnspec
from nnspec import Model, SpecError
from nnspec.dims import Symbol, product, substitute, symbols
from nnspec.elaborate.describe import describe
from nnspec.layers import registry
from nnspec.layers.base import Layer
from nnspec.layers.families.derivative import Tracked
from nnspec.to_onnx.unsupported import UNSUPPORTED
from tests.fuzz import run
from tests.fuzz.comparing import Network, forget, need, ran
from tests.fuzz.machine import Machine

LETTERS = "abcdefgh"
WHOLE = (0, 1, 2, 3, 4, 5, 7, 8, 64, -1, -2, -3, -4, -5, -64)
LARGE = (1000, 10**6, 2**31 - 1, 2**31, 2**32 + 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**31) - 1, -(2**63), 10**11)
FRACTIONS = (
    0.0,
    0.5,
    1.0,
    1.5,
    2.0,
    -0.5,
    -1.0,
    1e-3,
    1e-8,
    1e-30,
    1e-45,
    1e-300,
    1e8,
    1e30,
    3e38,
    4e38,
    1e300,
    -1e300,
)
WORDS = (
    "",
    "same",
    "valid",
    "none",
    "mean",
    "sum",
    "zeros",
    "reflect",
    "bilinear",
    "float",
    "x",
    "a\nb",
    "ﬁ",
    "kaiming_normal",
)
OTHERS = (None, True, False)
CHOICES: tuple[tuple[Any, ...], ...] = (WHOLE, WHOLE, WHOLE, FRACTIONS, FRACTIONS, LARGE, WORDS, OTHERS, OTHERS)
DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")
SIZES = (1, 2, 3, 5, 8, 9, 12)
_MOST = 2_000_000  # elements of a result, and of the weights: beyond it nothing is built


class Use(NamedTuple):
    """An example of a layer: its inputs, which of them it takes, and its arguments."""

    kind: type[Layer]
    inputs: tuple[str, ...]
    given: tuple[str, ...]
    arguments: dict[str, Any]
    written: str = ""  # how a function is called on values that are computed first: `mse(sigmoid(a), b`


class Case(NamedTuple):
    """A use with other arguments."""

    use: Use
    arguments: dict[str, Any]
    seed: int
    sizes: dict[str, tuple[int, ...]]  # of the inputs: what fits is then decided, not left to whoever runs it

    @property
    def text(self) -> str:
        """A model that is this use."""
        lines = [f"  input {name}: {given}" for name, given in zip(LETTERS, self.use.inputs, strict=False)]
        shown = ", ".join(f"{name} = {describe(value)}" for name, value in self.arguments.items())
        applied = f"{self.use.kind.__name__}({shown})"
        if self.use.kind.operator and "scalar" in self.arguments:
            operands = [self.use.given[0], describe(self.arguments["scalar"])]
            lines.append(
                "  " + f" {self.use.kind.operator} ".join(operands[:: -1 if self.arguments.get("scalar_first") else 1])
            )
        elif self.use.written:
            lines.append(f"  {self.use.written}{', ' if shown else ''}{shown})")
        elif self.use.given:
            lines.append(f"  ({', '.join(self.use.given)}) -> layer: {applied}")
        elif self.use.inputs:
            lines += [f"  made = {applied}", "  a + made"]
        else:
            lines.append(f"  output result = {applied}")
        return "model Argument {\n" + "\n".join(lines) + "\n}\n"


class Arguments(Machine[Case]):
    """Uses of layers with one or two arguments at their boundaries."""

    name = "arguments"
    cases = "arguments"

    def draw(self, random: Random) -> Case:
        use = random.choice(uses())
        fields = list(use.kind.model_fields)
        changed = random.sample(fields, min(len(fields), random.choice([1, 1, 2])))
        arguments = {**use.arguments, **{name: value(random, name, use.arguments.get(name)) for name in changed}}
        return Case(use, arguments, random.randrange(2**31), sizes(random, use))

    def show(self, case: Case) -> str:
        given = " ".join(f"--input {name}={'x'.join(map(str, shape))}" for name, shape in case.sizes.items())
        return f"{case.text}{given}"

    def smaller(self, case: Case) -> Iterator[Case]:
        for name in case.arguments:
            left = {key: each for key, each in case.arguments.items() if key != name}
            yield case._replace(arguments=left)
            if name in case.use.arguments and case.arguments[name] != case.use.arguments[name]:
                yield case._replace(arguments={**case.arguments, name: case.use.arguments[name]})

    def examine(self, case: Case) -> str:
        try:
            model = nnspec.loads(case.text, inputs=case.sizes)
        except SpecError as refused:
            need(bool(str(refused)), "a refusal without words")
            return "refused"
        if too_large(model):
            return "too large to build"
        try:
            network = Network(model, Random(case.seed))
            network.check_state()
            network.check_json()
            if case.use.kind in {*UNSUPPORTED, Tracked}:
                return "needs gradients"
            if case.use.kind.operator in ("//", "%") and case.arguments.get("scalar_first"):
                return "divides by what it is given"
            tried = network.tries(2)
            if beyond(network.weights.values(), 1e30) and beyond(tried[0][2].values(), np.inf):
                return "overflows"  # which of infinity and no number at all depends on the order of a sum
            session = network.onnx(optimise=case.seed % 2 == 0, checked=True)
            for sizes, inputs, found in tried:
                network.check_shapes(sizes, found, "PyTorch")
                answers = ran(session, inputs)
                network.check_shapes(sizes, answers, "ONNX")
                network.compare(f"{case.use.kind.__name__}: ONNX", inputs, found, answers)
        finally:
            forget()
        return "sound"


def beyond(arrays: Iterable[np.ndarray], bound: float) -> bool:
    """Whether some float is as large as a bound, or no number."""
    return any(array.dtype.kind == "f" and not np.all(np.abs(array) < bound) for array in arrays)


def sizes(random: Random, use: Use) -> dict[str, tuple[int, ...]]:
    """A shape for each input, one number for each symbol."""
    program = example(use).program
    types = program.main.input_types
    names = {symbol.text: symbol for type in types for size in type.shape for symbol in symbols(size)}
    chosen = {name: random.choice(usable(symbol)) for name, symbol in names.items()}
    shapes = (tuple(substitute(size, dict(chosen)) for size in type.shape) for type in types)
    return dict(zip((port.name for port in program.main.inputs), shapes, strict=True))  # type: ignore[arg-type]


def usable(symbol: Symbol) -> list[int]:
    """The sizes of those that are tried which a symbol may be."""
    low, high = symbol.bounds
    return [size for size in SIZES if low <= size and (high is None or size <= high)] or [low]


@cache
def _example(text: str) -> Model:
    return nnspec.loads(text)


def example(use: Use) -> Model:
    """A model with the inputs of a use."""
    lines = [f"  input {name}: {given}" for name, given in zip(LETTERS, use.inputs, strict=False)]
    return _example(
        "model Inputs {\n" + "\n".join([*lines, f"  output {'a' if lines else 'one = Zeros([1])'}"]) + "\n}"
    )


def value(random: Random, name: str, before: Any) -> Any:
    """A value for an argument, which may be of any kind."""
    if name.endswith("_init") or name == "init":
        return start(random)
    if isinstance(before, tuple) and before and random.random() < 0.6:
        changed = list(before)
        changed[random.randrange(len(changed))] = one(random)
        return tuple(changed[: random.choice([len(changed), len(changed), len(changed), len(changed) - 1])])
    if random.random() < 0.25:
        return tuple(one(random) for _ in range(random.choice([0, 1, 1, 2, 2, 3, 4])))
    if random.random() < 0.05:
        return tuple((one(random), one(random)) for _ in range(random.choice([1, 2, 3])))
    return one(random)


def one(random: Random) -> Any:
    """A number, a word, or nothing."""
    return random.choice(random.choice(CHOICES))


def start(random: Random) -> Any:
    """An initialiser."""
    if random.random() < 0.5:
        number = random.choice(FRACTIONS + WHOLE)
        return (random.choice(DISTRIBUTIONS), random.choice(FRACTIONS), number)
    names = ("zeros", "ones", "kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal", "lecun_normal")
    return random.choice([random.choice(names), one(random), (one(random), one(random))])


def too_large(model: Model) -> bool:
    """Whether its weights, or a value of it, are too many elements to build in a test."""
    types = [type for module in model.program.modules.values() for type in module.values.values()]
    counts = [product(type.shape) for type in types]
    return model.summary().parameters > _MOST or any(not isinstance(n, int) or n > _MOST for n in counts)


@cache
def uses() -> list[Use]:
    """The examples of all layers that are one call of the layer."""
    return [use for kind in registry.all_layers() for example in kind.examples for use in _uses(kind, example)]


def _uses(kind: type[Layer], example: Any) -> Iterator[Use]:
    lines = [f"  input {name}: {given}" for name, given in zip(LETTERS, example.inputs, strict=False)]
    given = ", ".join(LETTERS[: len(example.inputs)])
    applied = example.text[:1].isupper() and given
    lines += [f"  result = ({given}) -> layer: {example.text}" if applied else f"  result = {example.text}"]
    try:
        program = nnspec.loads("model Example {\n" + "\n".join([*lines, "  output result"]) + "\n}").program
    except SpecError:
        return
    calls = [call for call in program.main.calls if isinstance(call.callee, kind)]
    ports = {port.value for port in program.main.inputs}
    if len(calls) == 1 and all(name in ports for name in calls[0].inputs):
        layer = calls[0].callee
        assert isinstance(layer, Layer)
        arguments = layer.given()
        yield Use(kind, example.inputs, tuple(calls[0].inputs), arguments)
    elif kind.function and example.text.startswith(f"{kind.function}(") and "=" not in example.text:
        yield Use(kind, example.inputs, (), {}, example.text.removesuffix(")"))


if __name__ == "__main__":
    run.main(Arguments())
