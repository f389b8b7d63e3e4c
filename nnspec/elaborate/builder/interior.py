"""Reaching inside a module: a variant with a further output, and one without what is then not needed.

`backbone.avgpool` makes the value labelled `avgpool` an output of the module that `backbone` applies. Modules are
shared by all who call them, so a variant is a new module, made once for each path.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from nnspec.elaborate.builder.modules import Modules
from nnspec.ir import Call, Module, Port
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType


class NotInside(LookupError):
    """The path leads to nothing; `known` are the labels at the place where it ends."""

    def __init__(self, path: list[str], known: tuple[str, ...]) -> None:
        super().__init__(".".join(path))
        self.known = known


def reach(modules: Modules, key: str, path: list[str]) -> tuple[str, int]:
    """The variant of a module that has the value at `path` among its outputs, and the index of that output.

    Raises:
        NotInside: there is no such value.
    """
    memo = key, tuple(path)
    if memo not in modules.reached:
        modules.reached[memo] = _reach(modules, key, path)
    return modules.reached[memo]


def _reach(modules: Modules, key: str, path: list[str]) -> tuple[str, int]:
    module = modules[key]
    index, rest, turn = _find(module, path)
    calls = list(module.calls)
    if calls[index].routed:  # what an expert computes is not there for each token
        raise NotInside(path, ())
    if calls[index].count > 1:
        parts = _split(module, calls[index], turn, alone=bool(rest))
        position = 0 if not rest or turn == 0 else 1
        calls[index : index + 1] = parts.calls
        module = module.model_copy(update={"values": {**module.values, **parts.values}})
        index += position
    call = calls[index]
    values = dict(module.values)
    if not rest:
        value = call.outputs[0]
    elif isinstance(call.callee, str):
        inner, output = reach(modules, call.callee, rest)
        outputs = list(call.outputs)
        for port in modules[inner].outputs[len(outputs) :]:
            name = f"{call.label}.{port.name}"
            values[name] = modules[inner].values[port.value]
            outputs.append(name)
        calls[index] = call.model_copy(update={"callee": inner, "outputs": tuple(outputs)})
        value = outputs[output]
    else:
        names = call.callee.result_names()
        if len(rest) > 1 or rest[0] not in names:
            raise NotInside(rest, names if len(names) > 1 else ())
        value = call.outputs[names.index(rest[0])]
    for output, port in enumerate(module.outputs):
        if port.value == value:
            return (key, output) if tuple(calls) == module.calls else (_add(modules, module, calls, values, ()), output)
    further = (Port.model_construct(name=".".join(path), value=value, training=False),)
    return _add(modules, module, calls, values, further), len(module.outputs)


def _add(
    modules: Modules, module: Module, calls: list[Call], values: dict[str, TensorType], further: tuple[Port, ...]
) -> str:
    update = {"calls": tuple(calls), "values": values, "outputs": (*module.outputs, *further)}
    return modules.add(module.model_copy(update=update))


def _find(module: Module, path: list[str]) -> tuple[int, list[str], int]:
    """The call that a path begins with: its index, the rest of the path, and which turn of a repeat is meant."""
    labels: list[str] = []
    for index, call in enumerate(module.calls):
        if call.label is None or call.shared:
            continue
        labels.append(call.label)
        parts = call.label.split(".")
        head, rest = path[: len(parts)], path[len(parts) :]
        if head == parts:
            return index, rest, 0
        same_stem = len(head) == len(parts) and head[:-1] == parts[:-1]
        if call.count > 1 and same_stem and head[-1].isdecimal():
            turn = int(head[-1]) - int(parts[-1])
            if 0 <= turn < call.count:
                return index, rest, turn
    raise NotInside(path, tuple(labels))


class _Parts:
    """A repeat, cut into repeats, and the values between them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.values: dict[str, TensorType] = {}


def _free(name: str, module: Module) -> str:
    """A name for a value of a module that none has: a label may hold any letters."""
    return name if name not in module.values else _free(f"{name}@", module)


def _split(module: Module, call: Call, turn: int, *, alone: bool) -> _Parts:
    """A repeat cut behind application `turn`; with `alone`, that application stands for itself."""
    cuts = [turn + 1] if not alone else [turn, turn + 1]
    bounds = sorted({0, *cuts, call.count} - {bound for bound in cuts if bound > call.count})
    labels = list(call.labels)
    parts = _Parts()
    inputs = call.inputs
    for first, last in pairwise(bounds):
        outputs = call.outputs
        if last != call.count:
            outputs = tuple(_free(f"{output}@{last}", module) for output in call.outputs)
            parts.values |= {new: module.values[old] for new, old in zip(outputs, call.outputs, strict=True)}
        update = {"label": labels[first], "count": last - first, "inputs": inputs, "outputs": outputs}
        parts.calls.append(call.model_copy(update=update))
        inputs = (*outputs, *call.inputs[len(outputs) :])
    return parts


def weight_shape(modules: Modules, key: str, path: list[str]) -> tuple[int, ...] | None:
    """The shape of the parameter at a path below a module, or None."""
    module = modules[key]
    try:
        index, rest, _ = _find(module, path)
    except NotInside:
        return None
    call = module.calls[index]
    if isinstance(call.callee, str):
        return weight_shape(modules, call.callee, rest) if rest else None
    return layer_weight(call.callee, module.types(call.inputs), ".".join(rest))


def layer_weight(layer: Layer, types: Iterable[TensorType | None], name: str) -> tuple[int, ...] | None:
    """The shape of a layer's parameter by name, or None."""
    for weight in layer.weights(*types):
        if weight.name == name and not weight.buffer:
            return weight.shape
    return None


def weights_below(modules: Modules, key: str) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all weights below a module."""
    module = modules[key]
    found: list[tuple[str, tuple[int, ...]]] = []
    for call in module.calls:
        if call.shared or call.label is None:
            continue
        if isinstance(call.callee, str):
            inner = weights_below(modules, call.callee)
        else:
            inner = [(weight.name, weight.shape) for weight in call.callee.weights(*module.types(call.inputs))]
        found += [(f"{label}.{name}", shape) for label in call.labels for name, shape in inner]
    return found


def prune(modules: Modules, key: str, keep: tuple[int, ...]) -> str:
    """The variant of a module with only these outputs, and only the calls that they need."""
    memo = key, keep
    if memo not in modules.pruned:
        modules.pruned[memo] = _prune(modules, key, keep)
    return modules.pruned[memo]


def _prune(modules: Modules, key: str, keep: tuple[int, ...]) -> str:
    module = modules[key]
    outputs = tuple(module.outputs[index] for index in keep)
    needed = {port.value for port in outputs}
    reused = {call.label for call in module.calls if call.shared}
    calls: list[Call] = []
    for call in reversed(module.calls):
        wanted = tuple(index for index, value in enumerate(call.outputs) if value in needed)
        if not wanted:
            continue
        needed.update(name for name in call.inputs if name)
        partial = isinstance(call.callee, str) and len(wanted) < len(call.outputs)
        if partial and call.count == 1 and not call.shared and call.label not in reused:
            assert isinstance(call.callee, str)
            chosen = tuple(call.outputs[index] for index in wanted)
            call = call.model_copy(update={"callee": prune(modules, call.callee, wanted), "outputs": chosen})
        calls.append(call)
    calls.reverse()
    inputs = {port.value for port in module.inputs}
    values = {name: type for name, type in module.values.items() if name in needed or name in inputs}
    for call in calls:
        values |= {name: module.values[name] for name in call.outputs}
    labels = {label for call in calls for label in call.labels}
    ties = tuple(tie for tie in module.ties if _below(tie.parameter, labels) and _below(tie.source, labels))
    update = {"outputs": outputs, "calls": tuple(calls), "values": values, "ties": ties}
    return modules.add(module.model_copy(update=update))


def _below(path: str, labels: set[str]) -> bool:
    return any(path == label or path.startswith(label + ".") for label in labels)
