"""The names behind a dot: steps inside a step, its weights, its results; and the fields of data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnspec.diagnostics import Sink, SpecError
from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.recipe.fields import Field
from nnspec.recipe.plan import draft_plan
from nnspec.record import Record
from nnspec.service.document import Document
from nnspec.syntax import tree as t


class Member(Record):
    """A name inside another one, and what is said of it."""

    name: str
    about: str


def members(document: Document, start: int, path: Sequence[str]) -> Iterator[Member]:
    """What lies below a path of the declaration that starts at an offset; of a `train` block, below a model's."""
    node = next((each for each in document.tree.declarations if each.start == start), None)
    for model in document.models:
        program = model.program
        modules = [program.main] if node is None or isinstance(node, t.Train) else program.modules.values()
        for module in modules:
            place = module.place
            here = place is not None and place.file == document.source.name
            of_node = here and place is not None and node is not None and node.start <= place.start < node.end
            if (module is program.main and isinstance(node, t.Train)) or (of_node and module.kind != "group"):
                yield from _below(program, module, list(path))


def _below(program: Program, module: Module, path: list[str]) -> Iterator[Member]:
    """What lies below a path in a module."""
    whole = ".".join(path)
    for call in module.calls:
        if call.label is None or call.shared:
            continue
        parts = call.label.split(".")
        if not path or (parts[: len(path)] == path and len(parts) > len(path)):
            yield Member(parts[len(path)], _about(program, module, call) if len(parts) == len(path) + 1 else "")
            continue
        rest = call.rest_of(whole)
        if rest is None and path[0] in call.outputs:  # a name that a person gave to the value
            rest = ".".join(path[1:])
        if rest is not None:
            yield from _inside(program, module, call, rest.split(".") if rest else [])


def _inside(program: Program, module: Module, call: Call, rest: list[str]) -> Iterator[Member]:
    callee = program.callee(call)
    if isinstance(callee, Module):
        yield from _below(program, callee, rest)
        names: Sequence[str] = [port.name for port in callee.outputs]
    elif rest:
        return
    else:
        yield from (Member(each.name, f"{list(each.shape)}") for each in callee.weights(*module.types(call.inputs)))
        names = callee.result_names()
    if not rest and len(names) > 1:
        types = module.types(call.outputs)
        yield from (Member(name, f"{type}") for name, type in zip(names, types, strict=False))


def _about(program: Program, module: Module, call: Call) -> str:
    callee = program.callee(call)
    name = callee.kind if isinstance(callee, Layer) else callee.name
    return f"{name} {', '.join(map(str, module.types(call.outputs)))}"


def fields(document: Document) -> dict[str, Field | None]:
    """The fields of the data of a recipe, as far as they are known without reading it."""
    for model in document.models:
        declarations = document.readable.declarations
        try:
            plan = draft_plan(declarations, model.name, {}, Sink(), document.limits)
        except SpecError:
            continue
        folder = document.path.parent if document.path is not None else None
        return {} if plan is None else plan.recipe.data.fields(folder).known
    return {}
