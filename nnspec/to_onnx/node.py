"""The pieces of a graph: operators, the bodies and functions they are in, and constant tensors.

Nodes are plain records that passes look at and change; arrays stay functions until they are written, so that a large
model is never held twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import numpy as np

from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.weights.arrays import Array


class Use(Record):
    """One use of a block: its name in the spec, its path in the module tree, and which of the uses there it is."""

    block: str
    path: str
    number: int


class Node:
    """One operator: its type, the names of its inputs and outputs, its attributes, its name in the module tree.

    `path` is that of the module that it is part of; `blocks` are the uses of blocks that it is in, the outermost first.
    A `single` one keeps 32 bits whatever the others take.
    """

    def __init__(
        self,
        op: str,
        inputs: list[str],
        outputs: list[str],
        attributes: dict[str, Any],
        name: str,
        domain: str = "",
        blocks: tuple[Use, ...] = (),
        path: str = "",
    ) -> None:
        self.op = op
        self.domain = domain
        self.blocks = blocks
        self.path = path
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
        self.name = name
        self.body: Body | None = None
        self.single = False

    def reads(self) -> Iterator[str]:
        """The tensors that it depends on: its inputs, and what its body takes from outside."""
        yield from (name for name in self.inputs if name)
        if self.body is not None:
            made = {name for node in self.body.nodes for name in node.outputs} | set(self.body.inputs)
            yield from (name for node in self.body.nodes for name in node.reads() if name not in made)

    def content(self, names: Mapping[str, str]) -> Hashable:
        """A key that two nodes share if they do the same, where tensors have these names."""
        inputs, outputs = (tuple(names.get(name, name) for name in given) for given in (self.inputs, self.outputs))
        body = None if self.body is None else self.body.content(names)
        return self.op, inputs, outputs, repr(self.attributes), body

    def rename(self, names: Mapping[str, str]) -> None:
        """Give tensors other names, in its body too."""
        self.inputs = [names.get(name, name) for name in self.inputs]
        self.outputs = [names.get(name, name) for name in self.outputs]
        for node in self.body.nodes if self.body is not None else ():
            node.rename(names)


class Body:
    """The graph inside a node: a Scan applies it again and again. It sees the tensors of the graph around it."""

    def __init__(self, nodes: list[Node], inputs: dict[str, TensorType], outputs: dict[str, TensorType]) -> None:
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs

    def content(self, names: Mapping[str, str]) -> Hashable:
        """See `Node.content`."""
        return tuple(node.content(names) for node in self.nodes), repr(self.inputs), repr(self.outputs)


class LocalFunction(Record):
    """Nodes under a name, in which the tensors that they read and give have names of their own."""

    name: str
    inputs: list[str]
    outputs: list[str]
    nodes: list[Node]


class Initializer:
    """A constant tensor whose array is made when it is written; `shape` and `dtype` are known before."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, make: Callable[[], Array]) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.make = make
