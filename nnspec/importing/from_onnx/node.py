"""`Node`: an operator of a file with its attributes as values of Python, and what it is called in messages."""

from __future__ import annotations

from typing import Any

from onnx import NodeProto, TensorProto, helper, numpy_helper

from nnspec.record import Record

STANDARD = ("", "ai.onnx")


class Node(Record):
    """One node; `module` is the path of the module that it belongs to, as far as its file says so."""

    operator: str  # with its domain, unless that is the standard one
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    proto: NodeProto
    module: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # of these modules, where it says so

    @property
    def shown(self) -> str:
        """What it is called in messages: its name, or that of its first result."""
        return self.name or next((each for each in self.outputs if each), self.operator)


def operator_of(proto: NodeProto) -> str:
    """The operator of a node, with its domain unless that is the standard one."""
    return proto.op_type if proto.domain in STANDARD else f"{proto.domain}.{proto.op_type}"


def node_of(proto: NodeProto) -> Node:
    """The form of a node that is read with."""
    attributes = {each.name: _plain(helper.get_attribute_value(each)) for each in proto.attribute}
    return Node(operator_of(proto), proto.name, tuple(proto.input), tuple(proto.output), attributes, proto)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return (
        value
        if isinstance(value, (int, float, str))
        else list(value)
        if type(value).__name__ == "RepeatedScalarContainer"
        else value
    )
