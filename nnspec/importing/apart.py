"""`opened`: modules whose calls do different things, as by a flag, stand with what each call does in the body around.

A label is applied again to do the same again; the second call of a module that does something else is no such thing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nnspec.importing.network import Network, Operation, Scope, Stored


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
