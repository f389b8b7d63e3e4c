"""`completed`: a network with the weights that nothing uses, and with shared ones tied to the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from nnspec.diagnostics import SpecError
from nnspec.importing import syntax
from nnspec.importing.bodies import below, keys_of
from nnspec.importing.mistakes import CannotSay, Refusal
from nnspec.importing.network import Network, Operation, Scope, Stored, Weighed
from nnspec.importing.recognise import recognise
from nnspec.layers.families.source import Constant
from nnspec.layers.tensor_type import TensorType

STATISTICS = frozenset({"running_mean", "running_var", "num_batches_tracked"})  # which training changes


def completed(network: Network) -> Network:
    """The network in which every entry of the `state_dict` belongs to an operation.

    A parameter with several keys is that of its first owner, to which the others are tied; where none of the code that
    runs owns it under one of them, that one comes first.
    """
    types = dict(network.types)
    _repeat_constants(network.root, _constants(network.root), types)
    used = {value for _, value in network.outputs}
    _sweep(network.root, used)
    counts = Counter(value for each in network.root.operations() for value in each.inputs if value is not None)
    counts.update(value for _, value in network.outputs)
    recognise(network.root, counts)
    _drop_idle(network.root, counts, types)
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
    refused: list[Refusal] = []
    _tie(network.root, first, types, refused)
    if refused:
        raise SpecError.of(CannotSay(None, tuple(refused)))
    _sort(network.root, {key: place for place, key in enumerate(network.weights)})
    return network.replace(types=types)


def _sweep(scope: Scope, used: set[str]) -> None:
    """Drop what is computed and not used, from the end backwards, but for what has a key or a label."""
    kept: list[Operation | Scope] = []
    for item in reversed(scope.items):
        if isinstance(item, Scope):
            _sweep(item, used)
        elif not used.intersection(item.outputs) and (item.path is None or _is_keyless(item)):
            continue
        else:
            used.update(each for each in item.inputs if each is not None)
        kept.append(item)
    scope.items[:] = reversed(kept)


def _is_keyless(item: Operation) -> bool:
    """Whether an operation is a buffer that no file of weights has."""
    return isinstance(item.layer, Stored) and not item.layer.persistent


def _drop_idle(root: Scope, counts: Mapping[str, int], types: dict[str, TensorType]) -> None:
    """Drop parameters that are read and not used, where a layer owns them."""
    owned = {key for each in root.operations() if not isinstance(each.layer, Stored) for key in keys_of(each, types)}

    def drop(scope: Scope) -> None:
        for item in list(scope.items):
            if isinstance(item, Scope):
                drop(item)
            elif isinstance(item.layer, Stored) and item.path in owned and not counts.get(item.outputs[0]):
                scope.items.remove(item)

    drop(root)


def _sort(scope: Scope, places: dict[str, int]) -> None:
    """Let the tensors at the head of a scope stand as they do in the `state_dict`; those without a key come last."""
    head: list[Operation] = []
    for item in scope.items:
        if isinstance(item, Scope):
            _sort(item, places)
    for item in scope.items:
        if not isinstance(item, Operation) or not isinstance(item.layer, Stored):
            break
        head.append(item)
    head.sort(key=lambda each: places.get(each.path or "", len(places)))
    scope.items[: len(head)] = head


def _constants(root: Scope) -> dict[str, Operation]:
    """The numbers of the code, by the values that they are."""
    found = (each for each in root.operations() if isinstance(each.layer, Constant))
    return {each.outputs[0]: each for each in found}


def _repeat_constants(scope: Scope, constants: dict[str, Operation], types: dict[str, TensorType]) -> None:
    """Give each use of a number a number of its own, where it is used."""
    made: list[Operation | Scope] = []
    for item in scope.items:
        if isinstance(item, Scope):
            _repeat_constants(item, constants, types)
        else:
            inputs: list[str | None] = []
            for value in item.inputs:
                if value in constants:
                    name = f"{value}.{len(types)}"
                    types[name] = types[value]
                    made.append(constants[value].replace(outputs=(name,)))
                    inputs.append(name)
                else:
                    inputs.append(value)
            item = item.replace(inputs=tuple(inputs))
        made.append(item)
    scope.items[:] = made


def _stored(weighed: Weighed) -> Stored:
    """A tensor that nothing uses; a buffer is filled by the weights that are loaded."""
    contents = None
    if weighed.buffer:
        named = {} if weighed.dtype == "float" else {"dtype": syntax.plain(weighed.dtype)}
        contents = syntax.call("zeros", syntax.plain(weighed.shape), **named)
    return Stored(TensorType(weighed.dtype, weighed.shape), contents, weighed.trainable)


def _tie(scope: Scope, first: dict[str, str], types: dict[str, TensorType], refused: list[Refusal]) -> None:
    """Tie each shared parameter to that of the key that comes first; buffers of a module's own are as good apart.

    One that is used as a tensor, or from which a weight is computed, has no key before; nor have statistics.
    """
    for place, item in enumerate(scope.items):
        if isinstance(item, Scope):
            _tie(item, first, types, refused)
            continue
        keys = [(key[len(item.path or "") :].lstrip("."), key) for key in keys_of(item, types)]
        ties = tuple((name, first[key]) for name, key in keys if first.get(key, key) != key)
        if ties and isinstance(item.layer, Stored) and item.layer.kind == "Buffer":
            ties = ()
        for name, key in ties:
            if isinstance(item.layer, Stored) or "." in name or name in STATISTICS:
                reason = (
                    f"it is {key}, too, and a spec ties weights that layers have as they are, and no others: "
                    "let the module keep it, or what it belongs to, under one name"
                )
                what = "the buffer" if name in STATISTICS else "the parameter"
                refused.append(Refusal(f"{what} {dict(keys)[name]}", reason, item.origin))
                break
        if ties != item.ties:
            scope.items[place] = item.replace(ties=ties)


def _scopes(scope: Scope) -> list[Scope]:
    found = [scope]
    for item in scope.items:
        if isinstance(item, Scope) and not item.again:
            found += _scopes(item)
    return found
