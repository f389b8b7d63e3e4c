"""`completed`: a network with the weights that nothing uses, and with shared ones tied to the first of them."""

from __future__ import annotations

from nnspec.importing import syntax
from nnspec.importing.bodies import below, keys_of
from nnspec.importing.network import Network, Operation, Scope, Stored, Weighed
from nnspec.layers.tensor_type import TensorType


def completed(network: Network) -> Network:
    """The network in which every entry of the `state_dict` belongs to an operation.

    A parameter with several keys is that of its first owner, to which the others are tied; where none of the code that
    runs owns it under one of them, that one comes first.
    """
    types = dict(network.types)
    groups = {key: group for group in network.aliases for key in group}
    order = [key for each in network.root.operations() for key in keys_of(each, types)]
    made = set(order)
    missing = [key for key in network.weights if key not in made]
    first: dict[str, str] = {}
    for key in [*(key for key in missing if key in groups), *order]:
        for other in groups.get(key, ()):
            first.setdefault(other, key)
    scopes = [each for each in _scopes(network.root) if not each.plain]
    front = 0
    for number, key in enumerate(missing):
        weighed = network.weights[key]
        types[value := f"unused{number}"] = TensorType(weighed.dtype, weighed.shape)
        operation = Operation(_stored(weighed), (), (value,), key)
        if key in groups:
            network.root.items.insert(front, operation)
            front += 1
        else:
            scope = max((each for each in scopes if below(key, each.path)), key=lambda each: len(each.path))
            scope.items.append(operation)
    _tie(network.root, first, types)
    return network.replace(types=types)


def _stored(weighed: Weighed) -> Stored:
    """A tensor that nothing uses; a buffer is filled by the weights that are loaded."""
    contents = None
    if weighed.buffer:
        named = {} if weighed.dtype == "float" else {"dtype": syntax.plain(weighed.dtype)}
        contents = syntax.call("zeros", syntax.plain(weighed.shape), **named)
    return Stored(TensorType(weighed.dtype, weighed.shape), contents, weighed.trainable)


def _tie(scope: Scope, first: dict[str, str], types: dict[str, TensorType]) -> None:
    """Tie each shared parameter to that of the key that comes first."""
    for place, item in enumerate(scope.items):
        if isinstance(item, Scope):
            _tie(item, first, types)
            continue
        keys = [(key[len(item.path or "") :].lstrip("."), key) for key in keys_of(item, types)]
        ties = tuple((name, first[key]) for name, key in keys if first.get(key, key) != key)
        if ties != item.ties:
            scope.items[place] = item.replace(ties=ties)


def _scopes(scope: Scope) -> list[Scope]:
    found = [scope]
    for item in scope.items:
        if isinstance(item, Scope) and not item.again:
            found += _scopes(item)
    return found
