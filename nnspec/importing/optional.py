"""The step around a residual that only some bodies of a block have, and the condition that says which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnspec.importing import syntax
from nnspec.importing.block import Block
from nnspec.importing.bodies import Body, Step
from nnspec.importing.composing import Composite, composed
from nnspec.importing.multiples import by_parameter
from nnspec.layers.tensor_type import TensorType


def optional_place(body: Body, types: Mapping[str, TensorType]) -> int | None:
    """The place of a step with weights that is all of what goes around a residual, from an input of the body on."""
    for piece in composed(body.items, body.outputs, types):
        if not isinstance(piece, Composite) or piece.kind != "residual" or len(piece.branches[1]) != 1:
            continue
        around = piece.branches[1][0]
        if isinstance(around, Step) and not around.owns:
            continue
        if piece.read in body.inputs and around.reads == (piece.read,) and around.label:
            return next((place for place, item in enumerate(body.items) if item is around), None)
    return None


def condition(block: Block, count: int, types: Mapping[str, TensorType]) -> Any:
    """An expression that holds for the first bodies of a block, and for no other; None where no simple one does."""
    wanted = [place < count for place in range(len(block.bodies))]
    tests: list[tuple[list[bool], Any]] = []
    size = _of_sizes(block, types)
    if size is not None:
        tests.append(size)
    for parameter in block.parameters:
        if all(type(value) is int for value in parameter.values):
            holds = [value != 1 for value in parameter.values]
            tests.append((holds, syntax.binary("!=", syntax.name(parameter.name), syntax.plain(1))))
    for holds, written in tests:
        if holds == wanted:
            return written
    for holds, written in tests[1:] if size is not None else ():
        assert size is not None
        if [one or other for one, other in zip(holds, size[0], strict=True)] == wanted:
            return syntax.binary("or", written, size[1])
    return None


def _of_sizes(block: Block, types: Mapping[str, TensorType]) -> tuple[list[bool], Any] | None:
    """Where channels that come in are not as many as come out."""
    rank = types[block.body.inputs[0]].rank
    dim = 1 if rank > 3 else rank - 1
    have = [types[body.inputs[0]].shape[dim] for body in block.bodies]
    made = [types[body.outputs[0]].shape[dim] for body in block.bodies]
    if not all(isinstance(each, int) for each in (*have, *made)):
        return None
    written = syntax.plain(made[0]) if len(set(made)) == 1 else by_parameter(block, made)  # type: ignore[arg-type]
    if written is None:
        return None
    name = syntax.name(block.sizes[0].name(0, dim))
    return [one != other for one, other in zip(have, made, strict=True)], syntax.binary("!=", name, written)
