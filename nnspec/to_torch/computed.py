"""A tensor that follows from constants, as source for `__init__`: one expression, or a function where that is long."""

from __future__ import annotations

import ast
import re
from collections import Counter
from itertools import count

from nnspec.layers.computed import Applied, Computed
from nnspec.record import Record
from nnspec.to_torch import row as rows
from nnspec.to_torch.names import TAKEN, variable
from nnspec.to_torch.row import ROWS, OwnFunction, Submodule

WIDTH = 90  # of an expression
FLOAT = "torch.get_default_dtype()"  # a module is built before its floats have the type of its use


class ComputedText(Record):
    """The source of a computed tensor: the lines before, its expression, and texts of functions and classes by name."""

    lines: tuple[str, ...]
    result: str
    sources: dict[str, str]

    def function(self, name: str) -> str:
        """The definition of a function that computes it."""
        return "\n".join([f"def {name}():", *(f"    {line}" for line in self.lines), f"    return {self.result}", ""])


def computed_text(value: Computed) -> ComputedText:
    """The source of a computed tensor.

    Raises:
        SpecError: PyTorch cannot express it.
    """
    types, sources = value.types, dict[str, str]()
    uses = Counter([value.result, *(number for step in value.steps for number in step.inputs if number is not None)])
    texts: list[str] = []
    lines: list[str] = []
    names = (f"x{number}" if number > 1 else "x" for number in count(1))
    for step in value.steps:
        given = tuple(None if number is None else texts[number] for number in step.inputs)
        first, made = len(texts), len(step.layer.results(*(None if n is None else types[n] for n in step.inputs)))
        text = _plain(_lowered(step, given, value, first, made, sources))
        if made == 1 and (uses[first] == 1 or text.isidentifier()) and len(text) <= WIDTH:
            texts.append(text)
            continue
        targets = [next(names) if uses[number] else "_" for number in range(first, first + made)]
        texts += targets
        lines.append(f"{', '.join(targets)} = {text}")
    return ComputedText(tuple(lines), texts[value.result], sources)


def function_name(label: str, sources: dict[str, str], text: str) -> str:
    """A name for the function that makes what has this label; one for equal texts."""
    stem = f"make_{variable(label.rpartition('.')[2])}"
    for number in count(1):
        name = stem if number == 1 else f"{stem}{number}"
        if name not in TAKEN and sources.get(name, text.format(name)) == text.format(name):
            return name
    raise AssertionError("there are names for all")


def _lowered(
    step: Applied, given: tuple[str | None, ...], value: Computed, first: int, made: int, sources: dict[str, str]
) -> str:
    """The expression of one step."""
    types = value.types
    results = tuple(types[first : first + made])
    atoms = tuple(None if text is None else _atom(text) for text in given)
    call = rows.Call(atoms, tuple(None if n is None else types[n] for n in step.inputs), results, str, FLOAT)
    found = ROWS[type(step.layer)](step.layer, call)
    if isinstance(found, OwnFunction):
        sources[found.name] = found.source
        return found.text
    if not isinstance(found, Submodule):
        return found
    if found.source:
        sources[found.constructor] = found.source
    if found.expression is not None:
        return _filled(found.expression, atoms)
    arguments = [*map(repr, found.arguments), *(f"{name}={item!r}" for name, item in found.keywords.items())]
    made_of = f"{found.constructor}({', '.join(arguments)})"
    return _filled((found.call or "{module}({0})").replace("{module}", made_of), atoms)


def _filled(template: str, given: tuple[str | None, ...]) -> str:
    for index, text in enumerate(given):
        template = template.replace(f"{{{index}}}", text or "None")
    return template


def _atom(text: str) -> str:
    """The expression, in parentheses where it would come apart."""
    whole = isinstance(ast.parse(text, mode="eval").body, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    return text if whole else f"({text})"


def _plain(text: str) -> str:
    """The expression as `__init__` has it: without a device, in the default type of floats, no parentheses too many."""
    text = re.sub(r", device=device\b|\bdevice=device, |\bdevice=device\b", "", text)
    text = re.sub(r"\b(?:dtype|wide)\b(?!=)", FLOAT, text)
    default = rf", dtype={re.escape(FLOAT)}"
    text = re.sub(rf"(torch\.(?:zeros|ones|rand|randn|empty|full)\([^()]*(?:\([^()]*\))?[^()]*?){default}", r"\1", text)
    text = re.sub(rf"(torch\.tensor\([^()]*\.\d[^()]*?){default}", r"\1", text)
    return ast.unparse(ast.parse(text, mode="eval"))
