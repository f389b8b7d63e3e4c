"""The layers of a network whose results the page shows, and the tensors of the ONNX graph that hold them.

A graph names what a layer gives by the layer's path, or as the spec calls it. Where a layer is folded into the one
before it, both are one place on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnspec.ir import Call, Module, Program
from nnspec.ir.bound import bound_name
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph


class ShownLayer(Record):
    """A place on the page: the layers that it shows, the last of which gives the tensor `value`."""

    value: str
    words: tuple[str, ...]  # "conv1: Conv2d", "bn1: BatchNorm2d"
    type: TensorType


class _Result(Record):
    """What an application of a layer gives, and the names that the graph may have for it."""

    path: str  # of its own; none of an operation
    place: str  # its path, or that of the block that it is in
    kind: str
    type: TensorType
    names: tuple[str, ...]


def shown_layers(program: Program, graph: Graph) -> list[ShownLayer]:
    """The layers in the order of the data, without those that the graph does not compute one by one."""
    made = {name: node.path for node in graph.nodes for name in node.outputs}
    last = {path: name for name, path in made.items() if path}
    ports = {port.value: port.name for port in program.main.outputs}
    found: dict[str, ShownLayer] = {}
    for result in _results(program, program.main, "", ports):
        names = (*result.names, last.get(result.path, ""))
        value = next((name for name in names if name in made), None)
        if value is None:
            continue
        before = found.pop(value, None)
        words = f"{result.place}: {result.kind}" if result.place else result.kind
        found[value] = ShownLayer(value, (*(before.words if before else ()), words), result.type)
    return list(found.values())


def _results(program: Program, module: Module, prefix: str, ports: Mapping[str, str]) -> Iterator[_Result]:
    """What every layer gives, repeats written out; `ports` are the names of outputs, which go before all others."""
    for call in module.calls:
        if call.training:
            continue
        inner = isinstance(call.callee, str) and call.scan is None and not call.routed
        for label in call.labels if call.label is not None else [None]:
            path = f"{prefix}{label}" if label is not None else ""
            if inner:
                assert isinstance(call.callee, str)
                yield from _results(program, program.modules[call.callee], f"{path}.", {})
            else:
                yield _result(program, module, call, label, prefix, ports)


def _result(
    program: Program, module: Module, call: Call, label: str | None, prefix: str, ports: Mapping[str, str]
) -> _Result:
    value = call.outputs[0]
    bound = bound_name(call, value)
    names = [f"{prefix}{name}" for name in (bound, label if label is not None else value) if name is not None]
    kind = call.callee.kind if isinstance(call.callee, Layer) else program.modules[call.callee].name
    path = f"{prefix}{label}" if label is not None else ""
    return _Result(path, path or prefix[:-1], kind, module.values[value], (*filter(None, [ports.get(value)]), *names))
