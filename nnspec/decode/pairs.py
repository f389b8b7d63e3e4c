"""Pairs of places: values with a number for each query and each key, as relative positions and masks have.

A program that goes on has `time` queries and `past + time` keys. Here a value that has the whole sequence in two of its
dimensions is written anew for those, the queries first. That is possible where it is computed from counted places and
weights: for each call the types are tried that its operands can have, some of its places being those of all keys, and
what the consumer needs is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from nnspec.dims import Expression, Size, equal
from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.continued import along
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.record import Record

_MOST = 64  # types of operands that are tried for one call


class _Form(Record):
    """A way for a value to have a type: the layer that makes it, and the types of the operands."""

    layer: Layer
    operands: tuple[TensorType | None, ...]


def with_all_keys(program: Program, time: Expression, past: Expression) -> Program:
    """The program whose pairs of places are queries and keys; what cannot be written so stays as it was."""
    modules = {
        key: _Pairs(program.modules[key], time, past + time, key == program.entry).written() for key in program.order
    }
    return program.model_copy(update={"modules": {**program.modules, **modules}})


def is_pair(shape: tuple[Size, ...], time: Expression, past: Expression) -> bool:
    """Whether a shape has queries in one dimension and all keys in another, and time in no third one."""
    sizes = [size for size in shape if along(time, size)]
    return len(sizes) == 2 and bool(equal(sizes[0], time)) and bool(equal(sizes[1], past + time))


class _Pairs:
    """The pairs of one module."""

    def __init__(self, module: Module, time: Expression, keys: Size, entry: bool) -> None:
        self.module = module
        self.time = time
        self.keys = keys
        self.entry = entry  # what is given to the model itself has the types that the spec says
        self.forms: dict[str, dict[TensorType, _Form | None]] = {}  # of each value

    def written(self) -> Module:
        """The module with its pairs written anew."""
        module = self.module
        if all(self.wanted(type) == type for type in module.values.values()):
            return module
        for port in module.inputs:
            type = module.values[port.value]
            self.forms[port.value] = {type if self.entry else self.wanted(type): None}
        for call in module.calls:
            self._find(call)
        return self._emit()

    def wanted(self, type: TensorType) -> TensorType:
        """A type whose second dimension along time is that of all keys."""
        places = [dim for dim, size in enumerate(type.shape) if along(self.time, size)]
        if len(places) != 2 or not all(equal(type.shape[dim], self.time) for dim in places):
            return type
        return self._with_keys(type, {places[1]})

    def _with_keys(self, type: TensorType, dims: set[int]) -> TensorType:
        return type.with_shape(*(self.keys if dim in dims else size for dim, size in enumerate(type.shape)))

    def _find(self, call: Call) -> None:
        """The types that the results of a call can have."""
        module, layer = self.module, call.callee
        own = [module.values[name] for name in call.outputs]
        if not isinstance(layer, Layer) or len(own) != 1 or call.training or call.routed:
            for name, type in zip(call.outputs, own, strict=True):
                self.forms[name] = {type if isinstance(layer, Layer) else self.wanted(type): None}
            return
        found: dict[TensorType, _Form | None] = {}
        choices = [list(self.forms[name]) if name else [None] for name in call.inputs]
        for count, operands in enumerate(product(self._layers(layer), *choices)):
            if count == _MOST:
                break
            one, types = operands[0], operands[1:]
            assert isinstance(one, Layer)
            result = self._result(one, types)  # type: ignore[arg-type]
            if result is not None and result not in found:
                found[result] = _Form(one, types)  # type: ignore[arg-type]
        self.forms[call.outputs[0]] = found or {own[0]: None}

    def _result(self, layer: Layer, operands: tuple[TensorType | None, ...]) -> TensorType | None:
        """The type of a result; None where operands do not go together, or places of all keys are mixed."""
        try:
            result = layer.results(*operands)[0]
            mixed = layer.mixed(*operands)
        except LayerError:
            return None
        for given, dims in zip(operands, mixed, strict=True):
            if given is not None and any(self._is_keys(given.shape[dim]) for dim in dims):
                return None
        return result

    def _is_keys(self, size: Size) -> bool:
        return along(self.time, size) and bool(equal(size, self.keys))

    def _layers(self, layer: Layer) -> Iterator[Layer]:
        """A layer with each of the sizes in its arguments as it is, and as the number of all keys."""
        yield layer
        for name, value in layer.settings().items():
            if isinstance(value, Expression) and equal(value, self.time):
                yield layer.model_copy(update={name: self.keys})
            elif isinstance(value, tuple) and name in layer.sizes_of_result:
                places = [dim for dim, size in enumerate(value) if isinstance(size, Expression) and size == self.time]
                for chosen in list(product((False, True), repeat=len(places)))[1:]:
                    dims = {dim for dim, taken in zip(places, chosen, strict=True) if taken}
                    sizes = tuple(self.keys if dim in dims else size for dim, size in enumerate(value))
                    yield layer.model_copy(update={name: sizes})

    def _emit(self) -> Module:
        """The module with those forms of its values that are needed, the last ones first."""
        module = self.module
        needed: dict[str, dict[TensorType, None]] = {}
        calls: list[Call] = []

        def name_of(name: str, type: TensorType) -> str:
            needed.setdefault(name, {})[type] = None
            return name if type == self._main(name) else f"{name}@keys{list(self.forms[name]).index(type)}"

        for port in module.outputs:
            name_of(port.value, self._main(port.value))
        for call in reversed(module.calls):
            forms = self.forms[call.outputs[0]] if call.outputs else {}
            types = [type for type in needed.get(call.outputs[0] if call.outputs else "", {}) if forms.get(type)]
            if not types or isinstance(call.callee, str):
                inputs = tuple(name and name_of(name, self._main(name)) for name in call.inputs)
                calls.append(call.model_copy(update={"inputs": inputs}))
                continue
            for index, type in enumerate(types):
                form = forms[type]
                assert form is not None
                operands = zip(call.inputs, self._operands(type, call, form), strict=True)
                changed = {
                    "callee": form.layer,
                    "inputs": tuple("" if given is None else name_of(name, given) for name, given in operands),
                    "outputs": (name_of(call.outputs[0], type),),
                    "shared": call.shared or (index < len(types) - 1 and call.label is not None),
                }
                calls.append(call.model_copy(update=changed))
        values = {name: self._main(name) for name in module.values}
        values |= {name_of(name, type): type for name, types in list(needed.items()) for type in types}
        return module.model_copy(update={"values": values, "calls": tuple(reversed(calls))})

    def _operands(self, type: TensorType, call: Call, form: _Form) -> tuple[TensorType | None, ...]:
        """The types of the operands of a call; one that gives no pair itself is given pairs of queries and keys."""
        if self.wanted(self.module.values[call.outputs[0]]) != self.module.values[call.outputs[0]]:
            return form.operands
        return tuple(
            given if given is None or given != self.module.values[name] else self._main(name)
            for name, given in zip(call.inputs, form.operands, strict=True)
        )

    def _main(self, name: str) -> TensorType:
        """The type that a value has under its own name: that of queries and keys, if it can have it."""
        own = self.module.values[name]
        wanted = self.wanted(own)
        return wanted if wanted in self.forms[name] else own
