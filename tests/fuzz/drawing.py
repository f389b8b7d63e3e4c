"""Networks written at random: every line is made for the type that flows into it, so that nearly all are sound.

The type of a step comes from the shape rules of the layers themselves; what is drawn here is how it is written:
labels, groups, blocks and their arguments, repeats, branches, loops, names for numbers and sizes, several inputs and
outputs. Positional arguments say what a layer is; all others are named.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from nnspec.dims import Expression, Size, equal, substitute, symbol, symbols
from nnspec.layers import registry
from nnspec.layers.tensor_type import TensorType
from tests.fuzz.catalogue import Used, fitting, maybe, use

Step = tuple[str, TensorType]

POSITIONAL = {
    "Linear": 1, "Conv1D": 1, "Embedding": 2, "GroupNorm": 1, "MultiheadAttention": 1, "LSTM": 1, "GRU": 1, "RNN": 1,
    **{f"{kind}{dims}d": 2 for kind in ("Conv", "ConvTranspose") for dims in "123"},
    **{f"{kind}Pool{dims}d": 1 for kind in ("Max", "Avg") for dims in "123"},
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"), 1),
}  # fmt: skip
SAFE = (
    "exp(-abs(_))", "log(abs(_) + 0.5)", "sqrt(square(_) + 1)", "asin(0.5 * tanh(_))", "acos(0.5 * tanh(_))",
    "reciprocal(1.5 + sigmoid(_))", "rsqrt(abs(_) + 0.5)", "tan(tanh(_))", "log1p(abs(_))", "log2(2 + cos(_))",
    "sinh(tanh(_))", "cosh(tanh(_))", "log10(abs(_) + 2)", "2 ** tanh(_)", "erf(_) ** 2", "1 / (1.5 + tanh(_))",
    "clamp(_, min = -1, max = 2.5)", "where(_ > 0, _, 0.5 * _)", "maximum(_, 0.25)", "minimum(0.5 * _, abs(_))",
    "_ * 2 + 1", "0.5 - _", "-_ / 4", "_ - mean(_)", "_ * sigmoid(1.702 * _)", "_ + normal(_) * 0",
)  # fmt: skip
_MOST = 12_000  # elements of a value at the sizes that are tried


class Named(NamedTuple):
    """A value, label or block that can be used again: its name, what it takes, and what it gives."""

    name: str
    takes: TensorType
    gives: TensorType


class Scope:
    """What can be named where a line is written."""

    def __init__(self, numbers: dict[str, int] | None = None, sizes: dict[str, Size] | None = None) -> None:
        self.numbers = dict(numbers or {})
        self.sizes = dict(sizes or {})
        self.values: list[Named] = []
        self.applied: list[Named] = []
        self.linear: list[Named] = []
        self.labels: list[str] = []
        self.activation = ""

    def inner(self) -> Scope:
        """The scope of a group, a branch or a loop: it sees what is around it."""
        made = Scope(self.numbers, self.sizes)
        made.values = list(self.values)
        made.activation = self.activation
        return made


class Drawing:
    """A spec that is being written."""

    def __init__(self, random: Random, steps: int = 8) -> None:
        self.random = random
        self.left = steps  # steps that may still be written
        self.count = 0
        self.declarations: list[str] = []
        self.blocks: list[Named] = []
        self.settings: dict[str, int] = {}
        self.imported: set[str] = set()

    # --- spelling

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def number(self, value: int, scope: Scope) -> str:
        """A whole number as a literal, or in terms of what has a name."""
        if scope.numbers and maybe(self.random, 0.4):
            name, known = self.random.choice(list(scope.numbers.items()))
            if known == value:
                return name
            if known and value % known == 0 and value > 0:
                return f"{value // known} * {name}"
            if value > 0 and 0 < known < value:
                return f"{name} + {value - known}"
            if value > 0 and known == 2 * value:
                return f"{name} // 2"
        return str(value)

    def size(self, value: Size, scope: Scope) -> str | None:
        """A size in terms of what has a name; None where it has none."""
        if isinstance(value, int):
            return self.number(value, scope)
        for name, known in scope.sizes.items():
            if equal(known, value):
                return name
        within = {name: known for name, known in scope.sizes.items() if str(known) == name}
        return str(value) if all(each.text in within for each in symbols(value)) else None

    def written(self, value: object, scope: Scope) -> str:
        """An argument."""
        if value is None or isinstance(value, bool):
            return {None: "none", True: "true", False: "false"}[value]
        if isinstance(value, int):
            return self.number(value, scope)
        if isinstance(value, Expression):
            return self.size(value, scope) or "-1"
        if isinstance(value, str):
            return f'"{value}"'
        if isinstance(value, tuple):
            return f"[{', '.join(self.written(each, scope) for each in value)}]"
        return repr(value)

    def applied(self, used: Used, scope: Scope) -> str:
        """A layer with its arguments."""
        kind = used.layer.kind
        places = POSITIONAL.get(kind, 0) if maybe(self.random, 0.9) else 0
        shown = [
            self.written(value, scope) if index < places else f"{name} = {self.written(value, scope)}"
            for index, (name, value) in enumerate(used.arguments.items())
        ]
        function = type(used.layer).function
        if function and maybe(self.random, 0.4):
            return f"{function}({', '.join(['_', *shown])})"
        return f"{kind}({', '.join(shown)})" if shown else kind

    # --- steps

    def chain(self, scope: Scope, given: TensorType, steps: int, keep: bool = False) -> Step:
        """Steps one after the other; where `keep`, the type of the last is the one given."""
        parts: list[str] = []
        current = given
        for _ in range(max(1, steps)):
            text, current = self.step(scope, current, keep)
            parts.append(text)
        text = " -> ".join(parts)
        return (f"_ -> {text}" if parts[0] in {each.name for each in scope.applied} else text), current

    def step(self, scope: Scope, given: TensorType, keep: bool = False) -> Step:
        """One step."""
        self.left -= 1
        kinds: list[tuple[int, Callable[[Scope, TensorType], Step | None]]] = [
            (40, lambda scope, given: self.layer(scope, given, keep)),
            (8, self.expression),
            (5, self.with_value),
            (3, self.with_parameter),
            (4, self.again),
            (3, self.tied),
        ]
        if not keep:
            kinds += [(5, self.subscript), (3, self.shape)]
        if self.left > 0:
            kinds += [
                (6, self.residual), (4, lambda scope, given: self.merge(scope, given, keep)), (4, self.repeat),
                (5, lambda scope, given: self.group(scope, given, keep)),
                (5, lambda scope, given: self.block(scope, given, keep)), (3, self.optional), (6, self.sequence),
                (3, self.imports),
            ]  # fmt: skip
        for _ in range(12):
            made = self.random.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0](scope, given)
            if made is not None and small(made[1]) and (not keep or same(made[1], given)):
                return made
        return "tanh(_)" if given.dtype == "float" else "Identity", given

    def layer(self, scope: Scope, given: TensorType, keep: bool = False) -> Step | None:
        entries = [each for each in fitting(given) if not each.ample and (each.steady or maybe(self.random, 0.1))]
        if not entries:
            return None
        entry = self.random.choice(entries)
        if scope.activation and given.dtype == "float" and maybe(self.random, 0.1):
            return scope.activation, given
        used = use(self.random, entry.name, given, tries=8 if keep else 4)
        if used is None or any(isinstance(each, Expression) for each in flat(used.arguments)):
            return None
        if not small(used.results[0]):
            return None
        text, result = self.applied(used, scope), used.results[0]
        if maybe(self.random, 0.3) and text[0].isupper():
            label = self.label(scope)
            if "." not in label:
                named = Named(label, given, result)
                if same(given, result) and used.layer.outputs != ("output", "state"):
                    scope.applied.append(named)
                if entry.name in {"Linear", "Embedding"} and "norm" not in used.arguments:
                    scope.linear.append(named)
                if entry.name in {"LSTM", "GRU", "RNN"} and maybe(self.random):
                    return f"{{ {label}: {text} ; {label}.state }}", used.results[1]
            return f"{label}: {text}", result
        return text, result

    def label(self, scope: Scope) -> str:
        label = self.fresh(self.random.choice(["conv", "fc", "layer", "h", "attn", "Block", "_x"]))
        if maybe(self.random, 0.15):
            label = f"{label}.{self.random.choice(['inner', '0', 'weight_norm', 'self'])}"
        scope.labels.append(label)
        return label

    def expression(self, scope: Scope, given: TensorType) -> Step | None:
        if given.dtype == "float":
            return self.random.choice(SAFE), given
        if given.dtype == "int":
            return self.random.choice(["_ + 1", "_ * 2", "abs(_ - 2)", "_ // 2", "_ % 3", "maximum(_, 1)"]), given
        return "not _", given

    def with_value(self, scope: Scope, given: TensorType) -> Step | None:
        """Together with a value that was named before."""
        if not scope.values or given.dtype != "float":
            return None
        other = self.random.choice(scope.values)
        if other.gives.dtype == "bool":
            return None
        if same(other.gives, given):
            if given.rank > 1 and isinstance(given.shape[-1], int) and maybe(self.random, 0.3):
                shape = (*given.shape[:-1], 2 * given.shape[-1])
                return f"(_, {other.name}) -> Concat(dim = -1)", given.with_shape(*shape)
            sign = self.random.choice(["+", "-", "*"])
            return f"_ {sign} {other.name}", given
        if other.gives.dtype == "int":
            return f'_ + 0.1 * mean(cast({other.name}, dtype = "float"))', given
        return self.random.choice([f"_ * mean({other.name})", f"mean({other.name}) - _"]), given

    def with_parameter(self, scope: Scope, given: TensorType) -> Step | None:
        if given.dtype != "float" or not given.rank or not isinstance(given.shape[-1], int):
            return None
        name, sign, size = self.fresh("p"), self.random.choice(["+", "*"]), given.shape[-1]
        if maybe(self.random, 0.4):
            value = self.random.choice(
                [
                    f"exp(Range({size}) * -0.1)",
                    f"full([{size}], 0.5)",
                    f"cos(Range({size}) + 1)[none]",
                    f"normal([{size}])",
                ]
            )
            kept = ", persistent = false" if not value.startswith("normal") and maybe(self.random, 0.3) else ""
            made = self.random.choice([f"Buffer({value}{kept})", f"Parameter(init = {value})"])
            return f"{{ {name} = {made} ; _ {sign} {name} }}", given
        options = self.random.choice(["", ", init = 0.5", ', init = ["normal", 0.0, 0.5]', ", trainable = false"])
        return f"{{ {name} = Parameter([{given.shape[-1]}]{options}) ; _ {sign} {name} }}", given

    def again(self, scope: Scope, given: TensorType) -> Step | None:
        """A labelled step once more, with the same weights."""
        fits = [each for each in scope.applied if same(each.takes, given)]
        return (self.random.choice(fits).name, given) if fits else None

    def tied(self, scope: Scope, given: TensorType) -> Step | None:
        """A product with the weights of another layer."""
        if given.dtype != "float" or not given.rank:
            return None
        for other in scope.linear:
            table = other.takes.dtype == "int"
            if not table and other.takes.rank and other.takes.shape[-1] == given.shape[-1]:
                out = other.gives.shape[-1]
                return f"Linear({out}, bias = false, weight = {other.name}.weight)", given.with_shape(
                    *given.shape[:-1], out
                )
        return None

    def subscript(self, scope: Scope, given: TensorType) -> Step | None:
        if given.rank < 2:
            return None
        dim = self.random.randrange(1, given.rank)
        item = self.random.choice(["0", "-1", ":-1", "1:", "::2", ":2", "none"])
        head = ", ".join([":"] * dim)
        text = f"_[..., {item}]" if dim == given.rank - 1 and maybe(self.random) else f"_[{head}, {item}]"
        kind = registry.find("Subscript")
        assert kind is not None
        items = [("slice", None, None, None)] * dim
        parsed: object = {
            "0": 0, "-1": -1, ":-1": ("slice", None, -1, None), "1:": ("slice", 1, None, None),
            "::2": ("slice", None, None, 2), ":2": ("slice", None, 2, None), "none": None,
        }[item]  # fmt: skip
        if text.startswith("_[..."):
            items = ["..."]  # type: ignore[list-item]
        try:
            return text, kind(items=(*items, parsed)).results(given)[0]
        except Exception:
            return None

    def shape(self, scope: Scope, given: TensorType) -> Step | None:
        """A checked comment."""
        shown = [self.size(size, scope) if maybe(self.random, 0.7) else "_" for size in given.shape]
        if not given.rank or None in shown or not any(str(each).isdigit() or each == "_" for each in shown):
            return None
        return f"[{', '.join(map(str, shown))}]", given

    # --- steps around steps

    def body(self, scope: Scope, given: TensorType, keep: bool) -> Step:
        return self.chain(scope, given, self.random.randint(1, 3), keep)

    def residual(self, scope: Scope, given: TensorType) -> Step | None:
        if given.dtype != "float":
            return None
        text, _ = self.body(scope, given, keep=True)
        if maybe(self.random, 0.3):
            other, _ = self.chain(scope, given, 1, keep=True)
            return f"residual {{ {text} }} skip {{ {other} }}", given
        return f"residual {{ {text} }}", given

    def merge(self, scope: Scope, given: TensorType, keep: bool) -> Step | None:
        kind = self.random.choice(["concat", "add", "multiply"] if not keep else ["add", "multiply"])
        if given.dtype != "float":
            return None
        branches = [self.chain(scope, given, 1, keep=True)[0] for _ in range(self.random.randint(1, 2))]
        branches.insert(self.random.randrange(len(branches) + 1), self.random.choice(["_", "tanh(_)"]))
        inside = f"{{ {' ; '.join(branches)} }}"
        if kind != "concat":
            return f"{kind} {inside}", given
        if given.rank < 2:
            return None
        dim = self.random.randrange(1, given.rank)
        shape = list(given.shape)
        shape[dim] = shape[dim] * len(branches)
        shown = "" if dim == 1 and maybe(self.random) else f"(dim = {self.random.choice([dim, dim - given.rank])})"
        return f"concat{shown} {inside}", given.with_shape(*shape)

    def repeat(self, scope: Scope, given: TensorType) -> Step | None:
        count = self.random.randint(1, 3)
        times = self.number(count, scope)
        text, _ = self.body(scope.inner(), given, keep=True)
        head = f"{self.fresh('h')}: " if maybe(self.random) else ""
        return f"{head}{times} x {{ {text} }}", given

    def group(self, scope: Scope, given: TensorType, keep: bool) -> Step | None:
        text, result = self.body(scope.inner(), given, keep)
        head = f"{self.label(scope)}: " if maybe(self.random) else ""
        return f"{head}{{ {text} }}", result

    def block(self, scope: Scope, given: TensorType, keep: bool) -> Step | None:
        """A block of its own, or one that was made before."""
        fits = [each for each in self.blocks if same(each.takes, given) and (not keep or same(each.gives, given))]
        if fits and maybe(self.random, 0.6):
            chosen = self.random.choice(fits)
        else:
            chosen = self.new_block(given, keep)
        head = f"{self.label(scope)}: " if maybe(self.random) else ""
        name, _, arguments = chosen.name.partition("(")
        written = [self.argument(each, scope) for each in arguments.rstrip(")").split(",") if each]
        return f"{head}{name}({', '.join(written)})" if written else f"{head}{name}", chosen.gives

    def argument(self, text: str, scope: Scope) -> str:
        name, _, value = text.partition("=")
        shown = self.number(int(value), scope) if value.isdigit() else value
        return f"{name} = {shown}"

    def new_block(self, given: TensorType, keep: bool) -> Named:
        name = self.fresh("Unit")
        numbers = {self.fresh("n"): self.random.choice([1, 2, 3, 4, 6]) for _ in range(self.random.randint(0, 2))}
        scope = Scope(numbers)
        lines: list[str] = []
        if 0 < given.rank <= 5 and maybe(self.random, 0.6):
            letters = [self.fresh(letter) if maybe(self.random, 0.8) else "_" for letter in "ABCDE"[: given.rank]]
            lines.append(f"[{', '.join(letters)}]")
            for letter, size in zip(letters, given.shape, strict=True):
                if letter != "_" and isinstance(size, int):
                    scope.numbers[letter] = size
                elif letter != "_":
                    scope.sizes[letter] = size
        parameters = [f"{key} = {value}" if maybe(self.random) else key for key, value in numbers.items()]
        parameters.sort(key=lambda each: "=" in each)
        passed = [f"{key}={value}" for key, value in numbers.items() if key in parameters or maybe(self.random)]
        if maybe(self.random, 0.2):
            scope.activation = "act"
            parameters.append("act = ReLU")
            if maybe(self.random):
                passed.append(
                    f"act={self.random.choice(['Tanh', 'SiLU', 'GELU', 'LeakyReLU(0.2)' if False else 'ELU'])}"
                )
        text, result = self.chain(scope, given, self.random.randint(1, 3), keep)
        lines.append(text)
        head = f"({', '.join(parameters)})" if parameters else ""
        self.declarations.append(f"block {name}{head} {{\n  " + "\n  ".join(lines) + "\n}")
        made = Named(f"{name}({','.join(passed)})", given, result)
        self.blocks.append(made)
        return made

    def optional(self, scope: Scope, given: TensorType) -> Step | None:
        """A block with an input that may be absent."""
        if given.dtype != "float":
            return None
        name = self.fresh("Gate")
        self.declarations.append(
            f"block {name}: x, m? {{\n  if m == none {{ x -> {self.chain(Scope(), given, 1, keep=True)[0]} }}"
            f" else {{ x * m }}\n}}"
        )
        fits = [each.name for each in scope.values if same(each.gives, given)]
        with_it = f"(_, {fits[0]}) -> {name}" if fits and maybe(self.random) else f"{name}(m = sigmoid(_))"
        return self.random.choice([name, with_it]), given

    def imports(self, scope: Scope, given: TensorType) -> Step | None:
        if given.dtype != "float":
            return None
        if given.rank == 3 and given.shape[2] in (4, 6, 8):
            self.declare_import("EncoderLayer", "std/transformer.nn")
            return f"EncoderLayer(2, {self.random.choice([4, 6])})", given
        if given.rank == 4 and given.shape[1] in (4, 6, 8):
            self.declare_import("SqueezeExcitation", "std/squeeze_excitation.nn")
            return "SqueezeExcitation(2)", given
        return None

    def declare_import(self, name: str, path: str) -> None:
        if name not in self.imported:
            self.imported.add(name)
            self.declarations.insert(0, f'import {name} from "{path}"')

    def sequence(self, scope: Scope, given: TensorType) -> Step | None:
        """Attention, positions or a scan along a sequence."""
        if given.dtype != "float" or given.rank != 3 or not isinstance(given.shape[2], int):
            return None
        return self.random.choice([self.attention, self.attention, self.positions, self.scan])(scope, given)

    def attention(self, scope: Scope, given: TensorType) -> Step | None:
        heads, size = self.random.choice([1, 2, 4]), self.random.choice([2, 4])
        groups = self.random.choice([heads, 1])
        turn = self.random.choice(["{}", "rotary({})", "rotary({}, base = 100.0)"])
        options = self.random.choice(["", ", causal = true", ", causal = true, window = 2", ", scale = 0.5"])
        split = 'Rearrange("n t (h d) -> n h t d", h = {})'
        q, k, v = self.fresh("q"), self.fresh("k"), self.fresh("v")
        lines = [
            f"{q} = _ -> Linear({heads * size}) -> {split.format(heads)}",
            f"{k} = _ -> Linear({groups * size}, bias = false) -> {split.format(groups)}",
            f"{v} = _ -> Linear({groups * size}) -> {split.format(groups)}",
            f"attention({turn.format(q)}, {turn.format(k)}, {v}{options})",
            f'Rearrange("n h t d -> n t (h d)") -> Linear({given.shape[2]})',
        ]
        return f"{{ {' ; '.join(lines)} }}", given

    def positions(self, scope: Scope, given: TensorType) -> Step | None:
        length, width = self.size(given.shape[1], scope), given.shape[2]
        if length is None or not isinstance(width, int):
            return None
        name = self.fresh("place")
        most = 64
        waves = f"SinusoidalEmbedding({width})" if width % 2 == 0 else f"Embedding({most}, {width})"
        table = self.random.choice([f"Embedding({most}, {width})", waves])
        return f"{{ {name} = Range({length}) -> {table} ; _ + {name} }}", given

    def scan(self, scope: Scope, given: TensorType) -> Step | None:
        """A loop along either dimension of a sequence, forward or backward, or for some steps."""
        dim = self.random.choice([0, 1, -2, -3])
        batch = self.size(given.shape[1 - dim % 3], scope)
        if batch is None:
            return None
        name, width, start = self.fresh("Step"), self.random.choice([2, 3, 4]), self.fresh("start")
        if self.random.random() < 0.2:
            steps = self.random.choice(["2", "3", batch])
            self.declarations.append(f"block {name} {{ residual {{ turn: Linear({given.shape[2]}) -> Tanh }} }}")
            return f"{{ (carry _) -> scan {name} for {steps} }}", given
        self.declarations.append(
            f"block {name}(w): x, hidden {{\n  (x, hidden) -> Concat -> cell: Linear(w) -> Tanh\n  new = _\n"
            f"  output result = new -> out: Linear(3)\n  output hidden = new\n}}"
        )
        way = self.random.choice(["", " backward"])
        along = f" along {dim}" if dim else ""
        inputs = f"(each _{along}, carry hidden = {start})"
        text = f"{{ {start} = zeros([{batch}, {width}]) ; {inputs} -> scan {name}({width}){way} }}"
        return text, given.with_shape(*given.shape[:2], 3)


def same(left: TensorType, right: TensorType) -> bool:
    """Whether two types are equal for all sizes."""
    if left.dtype != right.dtype or left.rank != right.rank:
        return False
    return all(equal(a, b) for a, b in zip(left.shape, right.shape, strict=True))


def small(given: TensorType) -> bool:
    """Whether a value of this type is quickly computed."""
    total = 1
    for size in given.shape:
        try:
            number = substitute(size, {each.text: 9 for each in symbols(size)})
        except ArithmeticError:
            return False
        total *= number if isinstance(number, int) else 9
    return total <= _MOST


def flat(arguments: object) -> list[object]:
    """All values of arguments, out of their lists."""
    if isinstance(arguments, dict):
        return [each for value in arguments.values() for each in flat(value)]
    if isinstance(arguments, tuple):
        return [each for value in arguments for each in flat(value)]
    return [arguments]


def new_symbol(random: Random, name: str) -> tuple[str, Size]:
    """How a free size is declared, and what it is: with a bound or a factor, sometimes."""
    if maybe(random, 0.2):
        return f"2*{name.lower()}", symbol(name.lower()) * 2
    if maybe(random, 0.2):
        most = random.choice([8, 16, 32])
        return f"{name} <= {most}", symbol(name, 1, most)
    return name, symbol(name)
