"""Blocks of a spec as ONNX functions: viewers show the hierarchy, and what is alike is written once.

Each use of a block becomes one node. Its function has everything that it reads for inputs, weights too, so that uses
with the same operators share a function. A block stays as it is where something outside lies between its operators.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from heapq import heapify, heappop, heappush

from nnspec.record import Record
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import LocalFunction, Node, Use
from nnspec.to_onnx.proto import DOMAIN


def make_functions(graph: Graph) -> None:
    """Replace the operators of every block by a call of a function, in place."""
    graph.nodes = _Maker(graph).replaced(graph.nodes, 0)


class _Item(Record):
    """One node, or those of one use of a block."""

    use: Use | None
    nodes: list[Node]

    def reads(self) -> Iterator[str]:
        yield from (name for node in self.nodes for name in node.reads())

    def makes(self) -> Iterator[str]:
        yield from (name for node in self.nodes for name in node.outputs)


class _Maker:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[object, str] = {}  # the name of each function, by what it consists of
        self.calls: set[str] = set()  # names of nodes, of which each use of a shared module needs one
        self.readers: dict[str, set[int]] = {}  # the nodes that read a tensor
        for node in graph.nodes:
            for name in node.reads():
                self.readers.setdefault(name, set()).add(id(node))

    def replaced(self, nodes: list[Node], depth: int) -> list[Node]:
        """The nodes, with a call for every use of a block that is `depth` blocks deep."""
        made: list[Node] = []
        for item in _sorted(nodes, depth):
            made += item.nodes if item.use is None else [self._call(item.use, item.nodes, depth)]
        return made

    def _call(self, use: Use, nodes: list[Node], depth: int) -> Node:
        inside, made = {id(node) for node in nodes}, {name: node for node in nodes for name in node.outputs}
        inputs = [name for name in dict.fromkeys(n for node in nodes for n in node.reads()) if name not in made]
        outputs = [name for name in made if name in self.graph.outputs or self.readers.get(name, set()) - inside]
        body = self.replaced(nodes, depth + 1)
        numbered = {name: str(index) for index, name in enumerate([*inputs, *made])}
        key = (use.block, len(inputs), tuple(numbered[n] for n in outputs), tuple(n.content(numbered) for n in body))
        if key not in self.known:
            self.known[key] = _unused(use.block, set(self.known.values()))
            local = _local_names(use.path, inputs, made)
            self.graph.functions.append(_function(self.known[key], inputs, outputs, body, local, use.path))
        name = _unused(use.path, self.calls)
        self.calls.add(name)
        return Node(self.known[key], inputs, outputs, {}, name, DOMAIN)


def _function(
    name: str, inputs: list[str], outputs: list[str], body: list[Node], local: dict[str, str], path: str
) -> LocalFunction:
    nodes = [deepcopy(node) for node in body]
    for node in nodes:
        node.rename(local)
        node.name = _within(path, node.name)
    return LocalFunction(name, [local[name] for name in inputs], [local[name] for name in outputs], nodes)


def _sorted(nodes: list[Node], depth: int) -> list[_Item]:
    """Nodes and uses of blocks, each after what it reads; blocks for which there is no such order are taken apart."""
    items = _items(nodes, depth, set())
    ordered = _ordered(items)
    if len(ordered) == len(items):
        return ordered
    stuck = {item.use for item in items if item.use is not None} - {item.use for item in ordered}
    return _ordered(_items(nodes, depth, stuck))


def _items(nodes: list[Node], depth: int, apart: set[Use]) -> list[_Item]:
    found: dict[object, _Item] = {}
    for node in nodes:
        use = node.blocks[depth] if len(node.blocks) > depth and node.blocks[depth] not in apart else None
        found.setdefault(use or id(node), _Item(use, [])).nodes.append(node)
    return list(found.values())


def _ordered(items: list[_Item]) -> list[_Item]:
    """The items after what they read, the first ones first; without those that wait for each other."""
    makers = {name: index for index, item in enumerate(items) for name in item.makes()}
    waits = [{makers[name] for name in item.reads() if makers.get(name, index) != index}
             for index, item in enumerate(items)]  # fmt: skip
    followers: dict[int, list[int]] = {}
    for index, before in enumerate(waits):
        for each in before:
            followers.setdefault(each, []).append(index)
    ready = [index for index, before in enumerate(waits) if not before]
    heapify(ready)
    ordered = []
    while ready:
        index = heappop(ready)
        ordered.append(items[index])
        for follower in followers.get(index, ()):
            waits[follower].discard(index)
            if not waits[follower]:
                heappush(ready, follower)
    return ordered


def _local_names(path: str, inputs: list[str], made: dict[str, Node]) -> dict[str, str]:
    """Names within a function: what belongs to the block without its path, what comes from outside numbered.

    An output of the model has a name of its own; within a function it is called after its node, as in other uses.
    """
    wanted = {name: _within(path, name) if name.startswith(f"{path}.") else "input" for name in inputs}
    for name, node in made.items():
        wanted[name] = _within(path, name if name.startswith(f"{path}.") else node.name)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name, stem in wanted.items():
        names[name] = _unused(stem, taken)
        taken.add(names[name])
    return names


def _unused(stem: str, taken: set[str]) -> str:
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name


def _within(path: str, name: str) -> str:
    return name.removeprefix(f"{path}.")
