"""`opened`: modules that are no block: what their calls do stands in the body around.

A label is applied again to do the same again, which the second call of a module that does something else, as by a flag,
is not. And a label names all that is below it: a module one of whose steps is applied from outside, as the table of a
language model that is given pictures, too, has its steps where they are applied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from nnspec.importing.bodies import Call, Group, Item, Step
from nnspec.importing.network import Network, Operation, Scope, Stored


def entered(items: Sequence[Item]) -> Iterator[str]:
    """The modules that other items than their own calls stand below, by their labels; those inside of calls, too."""
    whole = {item.label: item for item in items if isinstance(item, (Call, Group)) and item.label}
    for item in items:
        parts = (item.label or "").split(".")
        for count in range(1, len(parts)):
            around = whole.get(".".join(parts[:count]))
            if around is not None:
                yield around.body.path if isinstance(around, Call) else around.path
        if not isinstance(item, Step):
            yield from entered(item.body.items if isinstance(item, Call) else item.items)


def opened(network: Network, paths: Collection[str]) -> Network:
    """A network without the scopes of the modules at these paths: what is inside them is where they were."""
    if not paths:
        return network
    root = _without(network.root, paths)
    again = dict(_renamed(root))
    return network.replace(
        root=_reading(root, again), outputs=tuple((name, again.get(value, value)) for name, value in network.outputs)
    )


def _without(scope: Scope, paths: Collection[str]) -> Scope:
    made = _like(scope)
    for item in scope.items:
        if isinstance(item, Scope):
            inner = _without(item, paths)
            made.items += inner.items if item.path in paths else [inner]
        else:
            made.items.append(item)
    made.items.sort(key=lambda item: not _is_stored(item))  # which stand at the head
    return made


def _renamed(scope: Scope) -> Iterator[tuple[str, str]]:
    """The values of tensors that a scope now has twice, with those that they are; only the first of them stays."""
    first: dict[str | None, str] = {}
    kept: list[Operation | Scope] = []
    for item in scope.items:
        if isinstance(item, Scope):
            yield from _renamed(item)
        elif isinstance(item.layer, Stored) and item.path in first:
            yield item.outputs[0], first[item.path]
            continue
        elif isinstance(item.layer, Stored):
            first[item.path] = item.outputs[0]
        kept.append(item)
    scope.items[:] = kept


def _reading(scope: Scope, again: dict[str, str]) -> Scope:
    """A scope that reads other values in the place of some."""
    made = _like(scope)
    for item in scope.items:
        if isinstance(item, Scope):
            made.items.append(_reading(item, again))
        else:
            inputs = tuple(None if value is None else again.get(value, value) for value in item.inputs)
            made.items.append(item.replace(inputs=inputs))
    return made


def _like(scope: Scope) -> Scope:
    return Scope(scope.path, scope.kind, scope.again, scope.plain)


def _is_stored(item: Operation | Scope) -> bool:
    return isinstance(item, Operation) and isinstance(item.layer, Stored)
