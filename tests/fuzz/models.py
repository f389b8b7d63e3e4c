"""Whole models at random: inputs, a body of statements, outputs, a variant, and sometimes a recipe."""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from nnspec.dims import Size
from nnspec.layers.tensor_type import TensorType
from tests.fuzz.catalogue import maybe
from tests.fuzz.drawing import Drawing, Named, Scope, new_symbol, same

SHAPES: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("float", ("N", (1, 3, 4), "H", "W")), ("float", ("N", (1, 3, 4), "H", "W")), ("float", ("N", (2, 4), "T")),
    ("float", ("N", (1, 2), (3, 4), "H", (5, 6))), ("float", ("N", (3, 5, 8))), ("float", ("N", "T", (4, 6, 8))),
    ("float", ("N", "T", (4, 6, 8))), ("float", ("T", "N", (4, 5))), ("int", ("N", "T")), ("int", ("T", "N")),
    ("float", ("N",)), ("float", ((2, 3), (3, 4))), ("float", ("N", "H", "W", (3, 4))),
)  # fmt: skip


class Spec(NamedTuple):
    """A text, and other ways to say the same: numbers of the model that may be set, and a variant of it."""

    text: str
    settings: dict[str, int]
    variant: str


def draw(random: Random) -> Spec:
    """A model."""
    drawing = Drawing(random, random.choice([3, 5, 8, 12]))
    settings = {drawing.fresh("w"): random.choice([2, 3, 4, 6, 8]) for _ in range(random.choice([0, 1, 2]))}
    scope = Scope(settings)
    lines: list[str] = []
    flow = _inputs(drawing, scope, lines)
    if random.random() < 0.1:
        lines.append('rename "*" -> "net.*"')
    place = len(lines)
    statements = random.randint(1, 5)
    for _ in range(statements):
        flow = _statement(drawing, scope, lines, flow)
    _outputs(drawing, scope, lines, flow)
    if len(scope.labels) > 1 and maybe(random, 0.1):
        lines.insert(place, f"order {random.choice(scope.labels)}")
    parameters = ", ".join(f"{name} = {value}" for name, value in settings.items())
    head = f"model Net({parameters})" if settings else "model Net"
    text = "\n".join(drawing.declarations) + ("\n" if drawing.declarations else "")
    text += f"{head} {{\n  " + "\n  ".join(lines) + "\n}\n"
    if maybe(random, 0.05):
        text += _recipe(random, lines)
    return Spec(text, settings, "")


def _inputs(drawing: Drawing, scope: Scope, lines: list[str]) -> TensorType:
    random = drawing.random
    made: list[Named] = []
    for _ in range(random.choice([1, 1, 1, 2, 2, 3])):
        if made and maybe(random, 0.4):
            given = random.choice(made).gives
            shown = [str(drawing.size(size, scope)) for size in given.shape]
        else:
            dtype, pattern = random.choice(SHAPES)
            shape, shown = [], []
            for part in pattern:
                text, size = _size(random, part, scope)
                shape.append(size)
                shown.append(text)
            given = TensorType(dtype, tuple(shape))  # type: ignore[arg-type]
        name = drawing.fresh(random.choice(["x", "image", "tokens"]))
        lines.append(f"input {name}: {given.dtype}[{', '.join(shown)}]")
        made.append(Named(name, given, given))
    for each in made:
        scope.values.append(each)
    first = random.choice(made)
    lines.append(first.name)
    return first.gives


def _size(random: Random, part: object, scope: Scope) -> tuple[str, Size]:
    """A size of an input, as it is declared and as it is."""
    if isinstance(part, tuple):
        number = random.choice(part)
        return str(number), number
    name = str(part)
    if name in scope.sizes:
        return name, scope.sizes[name]
    if name.lower() in scope.sizes:
        return f"2*{name.lower()}", scope.sizes[name.lower()] * 2
    if maybe(random, 0.35 if name != "N" else 0.15):
        number = random.choice([2, 4, 5, 6, 7])
        return str(number), number
    text, size = new_symbol(random, name)
    single = size if " <= " in text or text == name else None
    if single is not None:
        scope.sizes[name] = single
    else:
        from nnspec.dims import symbol

        scope.sizes[name.lower()] = symbol(name.lower())
    return text, size


def _statement(drawing: Drawing, scope: Scope, lines: list[str], flow: TensorType) -> TensorType:
    random = drawing.random
    kind = random.choices(
        ["chain", "name", "for", "if", "number", "training", "widths", "branch", "shape"], [10, 3, 2, 2, 1, 1, 1, 1, 1]
    )[0]
    if kind == "name":
        text, result = drawing.chain(scope.inner(), flow, random.randint(1, 2))
        name = drawing.fresh("v")
        if re.fullmatch(r"[A-Z]\w*(\([^()_]*\))?", text) and maybe(random):  # a layer may have a name of its own
            held = drawing.fresh("step")
            lines.append(f"{held} = {text}")
            text = f"({held} if {random.choice(['true', 'not false', '1 < 2'])} else Nonsense)"
        lines.append(f"{name} = _ -> {text}")
        scope.values.append(Named(name, flow, result))
        return flow
    if kind == "branch" and scope.values:
        other = random.choice(scope.values)
        text, result = drawing.chain(scope, other.gives, random.randint(1, 2))
        lines.append(f"{other.name} -> {text}")
        return result
    if kind == "for":
        text, _ = drawing.chain(scope.inner(), flow, 1, keep=True)
        index, label = drawing.fresh("i"), drawing.fresh("stage")
        low = random.randint(0, 2)
        path = random.choice([f"{label}.{{{index}}}", f"{label}-{{{index}}}", f"output.{label}.{{{index}}}.0"])
        lines.append(f'for {index} in {low}..{low + random.randint(0, 2)} {{ "{path}": {{ {text} }} }}')
        return flow
    if kind == "shape" and flow.rank:
        lines.append(f"[..., {drawing.fresh('Last')}]")
        return flow
    if kind == "widths" and flow.dtype == "float" and flow.rank > 1 and isinstance(flow.shape[-1], int):
        widths = [random.choice([2, 3, 4, 6]) for _ in range(random.randint(1, 3))]
        index = drawing.fresh("width")
        if maybe(random):
            pairs = [f"[{width}, {random.choice(['ReLU', 'Tanh', 'GELU'])}]" for width in widths]
            lines.append(f"for {index}, act in [{', '.join(pairs)}] {{ Linear({index}) -> act }}")
        else:
            lines.append(f"for {index} in {widths} {{ Linear({index}) }}")
        return flow.with_shape(*flow.shape[:-1], widths[-1])
    if kind == "if":
        text, result = drawing.chain(scope, flow, random.randint(1, 2))
        if scope.numbers:
            name, value = random.choice(list(scope.numbers.items()))
            true = random.choice(
                [f"{name} == {value}", f"{name} > {value - 1}", f"{name} < {value} or {name} >= {value}"]
            )
            lines.append(f"if {true} {{ {text} }} else {{ Conv3d(9, 9) -> Nonsense }}")
        else:
            lines.append(f"if 1 + 1 == 2 {{ {text} }}")
        return result
    if kind == "number":
        name = drawing.fresh("k")
        value = random.choice([2, 3, 4])
        shown = drawing.number(value, scope)
        lines.append(f"{name} = {shown}" if maybe(random) else f"{name} = {shown} if 2 > 1 else [{name}]")
        scope.numbers[name] = value
        return flow
    if kind == "training" and flow.dtype == "float":
        text, _ = drawing.chain(scope.inner(), flow, 1)
        lines.append(f"training {{ output {drawing.fresh('aux')} = _ -> {text} }}")
        return flow
    text, result = drawing.chain(scope, flow, random.randint(1, 4))
    first, arrow, rest = text.partition(" -> ")
    whole = not arrow or first.count('"') % 2 == 1  # the arrow of a pattern stays in its line
    lines.append(text if maybe(random, 0.7) or whole else f"{first}\n    -> {rest}")
    return result


def _outputs(drawing: Drawing, scope: Scope, lines: list[str], flow: TensorType) -> None:
    random = drawing.random
    ends: list[Named] = []
    for each in scope.values[-2:]:
        if maybe(random, 0.4) and each.name.startswith("v"):
            lines.append(f"output {each.name}")
            ends.append(each)
    if ends or maybe(random, 0.5):
        name = drawing.fresh("y")
        lines.append(f"output {name} = _")
        ends.append(Named(name, flow, flow))
    for each in ends:
        if each.gives.dtype == "float" and maybe(random, 0.15) and same(each.gives, flow):
            loss = random.choice(["mse", "mae", "huber", "smooth_l1", "binary_cross_entropy_with_logits"])
            other = f"sigmoid({each.name})" if loss.startswith("binary") else f"tanh({each.name})"
            reduction = random.choice(["", ', reduction = "sum"', ', reduction = "none"'])
            lines.append(f"output {drawing.fresh('loss')} = {loss}({each.name}, {other}{reduction})")
            break


def _recipe(random: Random, lines: list[str]) -> str:
    names = [line.split()[1] for line in lines if line.startswith("output ")]
    if not names:
        return ""
    return f"train {{\n  data = digits\n  loss = mean({names[0]} ** 2)\n  optimizer = SGD(lr = 0.1)\n  epochs = 1\n}}\n"
