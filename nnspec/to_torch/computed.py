"""A tensor that follows from constants, as source for `__init__`: one expression, or a function where that is long."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count

from nnspec.ir import Call, Module
from nnspec.ir.constant import as_program
from nnspec.layers.base import Layer
from nnspec.layers.computed import Computed
from nnspec.record import Record
from nnspec.to_torch.names import TAKEN, variable
from nnspec.to_torch.row import OwnFunction, Submodule
from nnspec.to_torch.uses import lower

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


def computed_text(value: Computed, marked: Callable[[Call], Layer] | None = None) -> ComputedText:
    """The source of a computed tensor; `marked` is the layer of a call with marks for numbers.

    Raises:
        SpecError: PyTorch cannot express it.
    """
    module, sources = as_program(value).main, dict[str, str]()
    result = module.outputs[0].value
    uses = Counter([result, *(name for call in module.calls for name in call.inputs)])
    texts = {"": "None"}
    lines: list[str] = []
    chosen = {name: variable(name) for name in module.values if "@" not in name}
    numbered = (name for name in _numbered("x") if name not in chosen.values())
    for call in module.calls:
        assert isinstance(call.callee, Layer), "constants are computed by layers"
        layer = call.callee if marked is None else marked(call)
        text = _plain(_lowered(layer, call, module, [_atom(texts[name]) for name in call.inputs], sources))
        once = len(call.outputs) == 1 and uses[call.outputs[0]] == 1
        if once and (len(text) <= WIDTH or call.outputs[0] == result):
            texts[call.outputs[0]] = text
            continue
        for name in call.outputs:
            texts[name] = "_" if not uses[name] else chosen.get(name) or next(numbered)
        lines.append(f"{', '.join(texts[name] for name in call.outputs)} = {text}")
    return ComputedText(tuple(lines), texts[result], sources)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}{number}" for number in count(2))


def function_name(label: str, sources: Mapping[str, str], text: ComputedText) -> str:
    """A name for the function that makes what has this label; one for equal texts."""
    free = (name for name in _numbered(f"make_{variable(label.rpartition('.')[2])}") if name not in TAKEN)
    return next(name for name in free if sources.get(name, text.function(name)) == text.function(name))


def _lowered(layer: Layer, call: Call, module: Module, given: list[str], sources: dict[str, str]) -> str:
    """The expression of one step."""
    inputs = tuple(text if name else None for name, text in zip(call.inputs, given, strict=True))
    results = tuple(module.values[name] for name in call.outputs)
    found = lower(layer, call.label or call.outputs[0], module.types(call.inputs), results, inputs, str, FLOAT)
    if isinstance(found, OwnFunction):
        sources[found.name] = found.source
        return found.text
    if not isinstance(found, Submodule):
        return found
    if found.source:
        sources[found.constructor] = found.source
    if found.expression is not None:
        return _filled(found.expression, given)
    arguments = [*map(repr, found.arguments), *(f"{name}={item!r}" for name, item in found.keywords.items())]
    made = f"{found.constructor}({', '.join(arguments)})"
    return _filled(found.call or f"{{module}}({', '.join(given)})", given).replace("{module}", made)


def _filled(template: str, given: list[str]) -> str:
    for index, text in enumerate(given):
        template = template.replace(f"{{{index}}}", text)
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
