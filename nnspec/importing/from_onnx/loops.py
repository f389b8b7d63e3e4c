"""Loops whose number of steps is known while a file is read: each step is read by itself, with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer
from nnspec.importing.from_onnx.known import Known, Listed
from nnspec.importing.from_onnx.node import Node
from nnspec.importing.from_torch.builder import Unsaid, Value

STEPS = 100  # that are read: more of them are no text to read
Run = Callable[[Sequence[Any]], list[Any]]  # the graph of a loop, for its inputs; what it gives
OPEN = "how often it repeats its graph depends on the data: export the model with its loops written out"


def loop(b: GraphBuilder, node: Node, inputs: Sequence[Any], run: Run) -> list[Any]:
    """The results of Loop: what is carried, then the results of all steps."""
    count, condition, *carried = inputs
    most = STEPS + 1 if count is None else int(_known(count).scalar())
    goes_on = condition is None or bool(_known(condition).scalar())
    given: list[list[Any]] = []
    step = 0
    while goes_on and step < most:
        _need_few(step + 1)
        left, *results = run([Known(np.array(step)), Known(np.array(True)), *carried])
        goes_on = bool(_known(left).scalar())
        carried, more = results[: len(carried)], results[len(carried) :]
        given.append(more)
        step += 1
    if not given and len(node.outputs) > len(carried):
        raise Unsaid("it takes no step")
    return [*carried, *(_stacked(b, parts, 0) for parts in zip(*given, strict=True))]


def scan(b: GraphBuilder, node: Node, inputs: Sequence[Any], run: Run) -> list[Any]:
    """The results of Scan: what is carried, then the results of all steps."""
    if b.opset < 9:
        raise Unsaid("until opset 8 its samples stand in front: export the model with a higher opset")
    has = node.attributes
    walked = has["num_scan_inputs"]
    carried = list(inputs[: len(inputs) - walked])
    sequences = [b.tensor(each) for each in inputs[len(carried) :]]
    axes = [axis % each.rank for axis, each in zip(has.get("scan_input_axes", (0,) * walked), sequences, strict=True)]
    length = sequences[0].shape[axes[0]]
    if not isinstance(length, int):
        raise Unsaid(f"it walks along {length} places, and no size of an input is known: give it by --dynamic")
    _need_few(length)
    backward = has.get("scan_input_directions", (0,) * walked)
    given: list[list[Any]] = []
    for step in range(length):
        places = [length - 1 - step if back else step for back in backward]
        parts = [_at(b, each, axis, place) for each, axis, place in zip(sequences, axes, places, strict=True)]
        made = run([*carried, *parts])
        carried, more = made[: len(carried)], made[len(carried) :]
        given.append(more)
    count = len(given[0])
    turned, along = has.get("scan_output_directions", (0,) * count), has.get("scan_output_axes", (0,) * count)
    found = []
    for results, back, axis in zip(zip(*given, strict=True), turned, along, strict=True):
        found.append(_stacked(b, results[::-1] if back else results, axis))
    return [*carried, *found]


def sequence_map(b: GraphBuilder, node: Node, inputs: Sequence[Any], run: Run) -> list[Any]:
    """The results of SequenceMap: a sequence each."""
    first, *others = inputs
    if not isinstance(first, Listed):
        raise Unsaid("it is given a tensor in the place of a sequence")
    _need_few(len(first.parts))
    given = [
        run([part, *(each.parts[place] if isinstance(each, Listed) else each for each in others)])
        for place, part in enumerate(first.parts)
    ]
    return [Listed(parts) for parts in zip(*given, strict=True)] if given else [Listed(()) for _ in node.outputs]


LOOPS: dict[str, Callable[[GraphBuilder, Node, Sequence[Any], Run], list[Any]]] = {
    "Loop": loop, "Scan": scan, "SequenceMap": sequence_map,
}  # fmt: skip


def _known(value: Any) -> Known:
    if not isinstance(value, Known) or value.symbolic:
        raise Unsaid(OPEN)
    return value


def _need_few(steps: int) -> None:
    if steps > STEPS:
        raise Unsaid(f"it takes more than {STEPS} steps, each of which would be written out")


def _at(b: GraphBuilder, x: Value, axis: int, place: int) -> Value:
    whole = ("slice", None, None, None)
    return b(layer("Subscript", items=(*[whole] * axis, place)), x)


def _stacked(b: GraphBuilder, parts: Sequence[Any], axis: int) -> Any:
    if all(isinstance(each, Known) for each in parts):
        arrays = [constant(each, "result").array for each in parts]
        return Known(np.stack(arrays, axis))
    values = [b.tensor(each) for each in parts]
    if len(values) == 1:
        return b(layer("Unsqueeze", dim=axis % (values[0].rank + 1)), values[0])
    return b(layer("Stack", dim=axis % (values[0].rank + 1)), *values)
