"""`bodies`: the calls of modules as bodies with inputs and outputs; what they own has labels.

A container without code of its own is a group inside the body around it; a module of one step, one without inputs, and
one that uses what belongs to another, has its steps in the body around it, with dotted labels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Union

from nnspec.importing.edges import Edges
from nnspec.importing.network import Network, Operation, Scope, Stored
from nnspec.layers.tensor_type import TensorType


class Body:
    """What one call of a module does; `path` is that of the module."""

    def __init__(self, path: str, kind: str, items: list[Item]) -> None:
        self.path = path
        self.kind = kind
        self.items = items
        self.inputs: tuple[str, ...] = ()
        self.outputs: tuple[str, ...] = ()
        self.order: tuple[str, ...] = ()

    def bodies(self) -> Iterator[Body]:
        """Those that it calls."""
        for item in flat(self.items):
            if isinstance(item, Call):
                yield item.body

    @property
    def height(self) -> int:
        """The number of levels of calls below it."""
        return max((1 + each.height for each in self.bodies()), default=0)


class Step:
    """A layer, or a tensor of the body's own."""

    def __init__(self, operation: Operation, label: str | None) -> None:
        self.operation = operation
        self.label = label
        self.inputs = operation.inputs
        self.outputs = operation.outputs
        self.owns = False  # weights

    @property
    def reads(self) -> tuple[str, ...]:
        """The values that it takes."""
        return tuple(each for each in self.inputs if each is not None)

    def label_kept(self, labels: Sequence[str]) -> str | None:
        """Its label, unless it owns nothing and the label says no more than its layer does, or is on several steps."""
        if self.label is None or self.owns or self.label.isdecimal():
            return self.label
        word = re.sub(r"[\d_]", "", self.label).lower()
        says_more = bool(word) and "." not in self.label and word not in self.operation.layer.kind.lower()
        return self.label if says_more and labels.count(self.label) == 1 else None


class Call:
    """A call of a module, or several in a row."""

    def __init__(self, body: Body, label: str) -> None:
        self.body = body
        self.label: str | None = label
        self.inputs: tuple[str | None, ...] = body.inputs
        self.outputs = body.outputs
        self.count = 1
        self.paths = [body.path]  # of the modules that it calls
        self.again = False  # whether the body around it called the module before
        self.alone = True  # whether that calls it once

    @property
    def reads(self) -> tuple[str, ...]:
        """The values that it takes."""
        return tuple(each for each in self.inputs if each is not None)


class Group:
    """Steps below a label; they take one value and give one."""

    def __init__(
        self, label: str, path: str, items: list[Item], reads: tuple[str, ...], outputs: tuple[str, ...]
    ) -> None:
        self.label: str | None = label
        self.path = path
        self.items = items
        self.reads = reads
        self.inputs: tuple[str | None, ...] = reads
        self.outputs = outputs


Item = Union[Step, Call, Group]  # noqa: UP007 - it is used before all of it is defined


def flat(items: list[Item]) -> Iterator[Step | Call]:
    """The steps and calls of a body, those of its groups among them."""
    for item in items:
        if isinstance(item, Group):
            yield from flat(item.items)
        else:
            yield item


def bodies(network: Network) -> Body:
    """The body of the network itself."""
    return _Making(network).root()


def _note_repeats(body: Body) -> None:
    """Note which modules a body, and those that it calls, call several times."""
    calls = [item for item in flat(body.items) if isinstance(item, Call)]
    counts = Counter(call.body.path for call in calls)
    met: set[str] = set()
    for call in calls:
        call.alone, call.again = counts[call.body.path] == 1, call.body.path in met
        met.add(call.body.path)
        _note_repeats(call.body)


def below(key: str, path: str) -> str | None:
    """A key or path as seen from a module above it; None where that is not above it."""
    if not path:
        return key
    return key[len(path) + 1 :] if key.startswith(f"{path}.") else None


class _Making:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.edges = Edges(network)
        self.owned = {key: group for group in network.aliases for key in group}
        self.applied = Counter(each.path for each in network.root.operations())

    def root(self) -> Body:
        network = self.network
        body = Body("", network.name, list(self._items(network.root, network.root)))
        body.inputs = tuple(value for _, value in network.inputs)
        body.outputs = tuple(value for _, value in network.outputs)
        _note_repeats(body)
        return body

    def _items(self, scope: Scope, owner: Scope) -> Iterator[Item]:
        """The items of a scope, with labels as its owner, or the group that it is, has them."""
        for item in scope.items:
            if isinstance(item, Operation):
                yield self._step(item, owner)
            else:
                yield from self._called(item, owner)

    def _step(self, operation: Operation, owner: Scope) -> Step:
        if operation.path is None:
            return Step(operation, None)
        owns = bool(weights_of(operation, self.network.types))
        label = below(operation.path, owner.path)
        if label is None:
            found = self._alias(operation, owner.path)
            if found is not None:
                operation = found
                label = below(found.path or "", owner.path)
        if not owns and self.applied[operation.path] > 1:
            label = None  # it can say only once what it is
        made = Step(operation, label or None)
        made.owns = owns
        return made

    def _alias(self, operation: Operation, path: str) -> Operation | None:
        """The operation under another name of its module, which is below `path`."""
        own = operation.path or ""
        names = [name for name, _ in weights_of(operation, self.network.types)]
        for name in names:
            key = f"{own}.{name}" if name else own
            for other in self.owned.get(key, ()):
                if below(other, path) and other.endswith(f".{name}"):
                    stem = other[: -len(name) - 1]
                    keys = {each: self.owned.get(f"{own}.{each}", (f"{own}.{each}",)) for each in names}
                    if all(f"{stem}.{each}" in group for each, group in keys.items()):
                        return operation.replace(
                            path=stem, ties=tuple((each, group[0]) for each, group in keys.items())
                        )
        return None

    def _called(self, scope: Scope, owner: Scope) -> Iterator[Item]:
        label = below(scope.path, owner.path)
        reads, gives = self.edges.taken(scope), self.edges.given(scope)
        steps = list(scope.operations())
        if not steps:
            return
        strange = label is None or any(self._is_strange(each, scope) for each in steps)
        single = len(steps) == 1
        if strange or not reads or not gives or single:
            yield from self._items(scope, owner)
        elif scope.plain and len(self.edges.calls[scope.path]) == 1:  # only a block is applied again
            assert label is not None
            if len(reads) == 1 and len(gives) == 1 and self._is_closed(scope):
                yield Group(label, scope.path, list(self._items(scope, scope)), reads, gives)
            else:
                yield from self._items(scope, owner)
        else:
            assert label is not None
            kind = label.rpartition(".")[2].title() if scope.plain else scope.kind
            body = Body(scope.path, kind, list(self._items(scope, scope)))
            body.inputs, body.outputs = reads, gives
            yield Call(body, label)

    def _is_closed(self, scope: Scope) -> bool:
        """Whether what is in a container is applied there alone, and once, and no weight of it is in it twice."""
        operations = list(scope.operations())
        again = [each for each in operations if each.path is not None and self.applied[each.path] > 1]
        called = [item for item in scope.items if isinstance(item, Scope) and len(self.edges.calls[item.path]) > 1]
        tied = any(below(key, scope.path) for each in operations for _, key in each.ties)
        return not called and not tied and not any(weights_of(each, self.network.types) for each in again)

    def _is_strange(self, operation: Operation, scope: Scope) -> bool:
        """Whether an operation owns weights that are not below the scope, but its own or those of others."""
        if operation.path is None or below(operation.path, scope.path):
            return False
        if not weights_of(operation, self.network.types):
            return False
        other = self._alias(operation, scope.path)
        return other is None or other.path == scope.path


def weights_of(operation: Operation, types: Mapping[str, TensorType]) -> list[tuple[str, tuple[int, ...]]]:
    """The weights of an operation, by their names below its path."""
    if operation.owned:
        return list(operation.owned)
    if isinstance(operation.layer, Stored):
        return [("", tuple(int(str(size)) for size in operation.layer.type.shape))]
    layer = operation.layer
    given = [None if each is None else types[each] for each in operation.inputs]
    if not layer.variadic:
        given += [None] * (len(layer.inputs) + len(layer.optional_inputs) - len(given))
    return [(each.name, each.shape) for each in layer.weights(*given)]


def keys_of(operation: Operation, types: Mapping[str, TensorType]) -> list[str]:
    """The keys of the weights that an operation owns."""
    if operation.path is None:
        return []
    return [f"{operation.path}.{name}" if name else operation.path for name, _ in weights_of(operation, types)]
