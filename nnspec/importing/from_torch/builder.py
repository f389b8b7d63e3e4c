"""`Builder`: what the rows of the table of operators write with: values, layers applied to them, and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from nnspec.dims import Size, equal
from nnspec.importing.network import Operation, Origin, Scope, Stored
from nnspec.layers.base import Layer
from nnspec.layers.families.source import Constant
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.record import Record


class Value(Record):
    """A tensor of the graph; a parameter or buffer has the key that it has in the module."""

    name: str
    type: TensorType
    key: str | None = None

    @property
    def shape(self) -> tuple[Size, ...]:
        """Its sizes."""
        return self.type.shape

    @property
    def rank(self) -> int:
        """The number of its dimensions."""
        return len(self.type.shape)


class Complex(Record):
    """A tensor of complex numbers: their parts; the imaginary one is None where all numbers are real."""

    real: Value
    imaginary: Any

    @property
    def parts(self) -> tuple[Any, Any]:
        """Both parts."""
        return self.real, self.imaginary

    @property
    def shape(self) -> tuple[Size, ...]:
        """Its sizes."""
        return self.real.shape

    @property
    def rank(self) -> int:
        """The number of its dimensions."""
        return self.real.rank


class Unsaid(Exception):
    """The node that is being read cannot be written; the text says why."""


class Builder:
    """Adds operations to the scope that is open."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.types: dict[str, TensorType] = {}
        self.stored: dict[str, Stored] = {}  # by key
        self.unwritten: dict[str, str] = {}  # buffers whose numbers stand nowhere, and why
        self.lent: frozenset[str] = frozenset()  # paths of layers that are written as arithmetic
        self.ties: Mapping[str, str] = {}  # a key -> the first key of the same parameter
        self.open = [scope]  # the scopes that are open, from the outermost
        self.module_path = ""  # of the module whose code runs
        self.module: Any = None
        self.norm: dict[str, Any] = {}  # how the weight of that module is computed, where it is
        self.origin: Origin | None = None
        self.count = 0
        self.makers: dict[str, Operation] = {}  # of values, by their names
        self._held: dict[tuple[str, int], Value] = {}
        self._below: dict[str, list[str]] = {}  # the keys that are stored below each path, without it

    def __call__(self, layer: Layer, *inputs: Value | None) -> Value:
        """The first result of a layer."""
        return self.all(layer, *inputs)[0]

    def all(self, layer: Layer, *inputs: Value | None, path: str | None = None, ties: Any = ()) -> tuple[Value, ...]:
        """All results of a layer.

        Raises:
            Unsaid: the layer does not take these.
        """
        return self.apply(layer, tuple(inputs), path, tuple(ties))

    def apply(
        self, layer: Layer, inputs: tuple[Value | None, ...], path: str | None, ties: tuple[tuple[str, str], ...]
    ) -> tuple[Value, ...]:
        """All results of a layer, which owns weights below `path`."""
        given = tuple(None if each is None else self.tensor(each) for each in inputs)
        if any(each is not None and 0 in each.shape for each in given):
            raise Unsaid("it is given a tensor without elements")
        while given and given[-1] is None:
            given = given[:-1]
        absent = len(layer.inputs) + len(layer.optional_inputs) - len(given)
        types = [None if each is None else each.type for each in given]
        padded = types if layer.variadic else types + [None] * absent
        try:
            results = layer.results(*padded)
        except (LayerError, ValidationError) as error:
            raise Unsaid(f"{layer.kind} {error}") from None
        made = tuple(self.fresh(type) for type in results)
        names = tuple(None if each is None else each.name for each in given)
        outputs = tuple(each.name for each in made)
        operation = Operation(layer, names, outputs, path, ties, (), self.origin)
        self.scope.items.append(operation)
        self.makers.update(dict.fromkeys(outputs, operation))
        return made

    def made_by(self, value: Value, *kinds: str) -> Operation | None:
        """The operation that made a value, if it is a layer of these kinds."""
        found = self.makers.get(value.name)
        return found if found is not None and found.layer.kind in kinds else None

    def number(self, value: Any) -> Any:
        """The number that a tensor without dimensions is known to hold, else the value itself."""
        if not isinstance(value, Value) or value.rank:
            return value
        made = self.made_by(value, "Constant", "Full", "Zeros", "Ones")
        if made is None or isinstance(made.layer, Stored):
            return value
        if made.layer.kind in ("Zeros", "Ones"):
            return {"float": float, "int": int, "bool": bool}[value.type.dtype](made.layer.kind == "Ones")
        return made.layer.value  # type: ignore[attr-defined]

    def fresh(self, type: TensorType) -> Value:
        """A new value."""
        self.count += 1
        name = f"v{self.count}"
        self.types[name] = type
        return Value(name, type)

    def tensor(self, value: Any) -> Value:
        """A value that an operation computes with; a number as a constant."""
        if isinstance(value, Value):
            return value if value.key is None else self.held(value)
        if isinstance(value, (bool, int, float)) or not isinstance(value, Sequence):
            return self(Constant(value=value))
        raise Unsaid("a list of tensors stands where one is needed")

    def held(self, value: Value) -> Value:
        """A parameter or buffer as a value of its own, in the innermost open scope that may own it.

        Raises:
            Unsaid: it is a buffer whose numbers stand nowhere.
        """
        key = value.key or ""
        if key in self.unwritten:
            raise Unsaid(self.unwritten[key])
        number = self.stored[key].scalar
        if number is not None:
            return self(Constant(value=number))
        keys = [each for each in self.stored if self.same(each, key)]
        scope, own = self.open[0], key
        if not self.stored[key].persistent:
            scope = next(each for each in reversed(self.open) if not each.plain)
            return self._placed(scope, own, f"{scope.path}.{key.rpartition('.')[2]}".lstrip("."))
        for each in self.open:
            below = [name for name in keys if not each.path or name.startswith(f"{each.path}.")]
            if below and not each.plain:
                scope, own = each, key if key in below else below[0]
        return self._placed(_owning(scope, own), own, own)

    def _placed(self, scope: Scope, own: str, path: str) -> Value:
        """The value of a parameter or buffer in a scope, at whose head it stands."""
        place = (own, id(scope))
        if place not in self._held:
            made = self.fresh(self.stored[own].type)
            self._held[place] = made
            ties = (("", self.ties[own]),) if own in self.ties else ()
            words = (own.rpartition(".")[2],)
            operation = Operation(self.stored[own], (), (made.name,), path, ties, words, self.origin)
            heads = sum(isinstance(each, Operation) and isinstance(each.layer, Stored) for each in scope.items)
            scope.items.insert(heads, operation)
        return self._held[place]

    def weighted(
        self, layer: Layer, inputs: Sequence[Value | None], weights: Mapping[str, Value | None]
    ) -> tuple[Value, ...] | None:
        """A layer that owns these parameters, by the names that it has for them; None if they are no layer's own."""
        if self.norm:
            return self.apply(layer, tuple(inputs), self.module_path, ())
        weights = {name: None if each is None else self._seen_through(each) for name, each in weights.items()}
        given = {name: value for name, value in weights.items() if value is not None}
        path = self._owner(given)
        if path is None:
            return None
        ties = [(name, self.ties[f"{path}.{name}"]) for name in given if f"{path}.{name}" in self.ties]
        return self.apply(layer, tuple(inputs), path, tuple(ties))

    def _seen_through(self, value: Value) -> Value:
        """The parameter that a value is under another shape and again under its own; else the value."""
        made = self.makers.get(value.name)
        while made is not None and made.layer.kind in ("Squeeze", "Unsqueeze", "Reshape", "Flatten", "Unflatten"):
            source = made.inputs[0] or ""
            for (own, _), held in self._held.items():
                if held.name == source and held.shape == value.shape:
                    return Value(held.name, held.type, own)
            made = self.makers.get(source)
        return value

    def _owner(self, weights: Mapping[str, Value]) -> str | None:
        """The path below which all of these stand by their names: that of the module that runs, if it may be."""
        if not all(value.key is not None for value in weights.values()):
            return None
        here = [self.module_path, *(self.prefix(value, name) for name, value in weights.items())]
        for path in here:
            if path is None or path in self.lent or not self._is_whole(path, weights):
                continue
            if all(self.same(f"{path}.{name}" if path else name, value.key or "") for name, value in weights.items()):
                return path or None
        return None

    def _is_whole(self, path: str, weights: Mapping[str, Value]) -> bool:
        """Whether nothing else is stored below a path: a layer has no others inside."""
        names = {*weights, "num_batches_tracked"}
        if not self._below:  # all are stored before the first layer is read
            for key in (key for key, each in self.stored.items() if each.persistent):
                for dot in (place for place, sign in enumerate(key) if sign == "."):
                    self._below.setdefault(key[:dot], []).append(key[dot + 1 :])
        return all(name in names or name.startswith("parametrizations.") for name in self._below.get(path, ()))

    @staticmethod
    def prefix(value: Value, name: str) -> str | None:
        """The path of the module in which a parameter has this name."""
        key = value.key or ""
        return key[: -len(name) - 1] if key.endswith(f".{name}") else None

    def same(self, left: str, right: str) -> bool:
        """Whether two keys are one parameter."""
        return self.ties.get(left, left) == self.ties.get(right, right) and left in self.stored

    def agrees(self, value: Value, type: TensorType) -> bool:
        """Whether a result has the type that torch gives it, as far as that is known."""
        if value.type.dtype != type.dtype or value.rank != len(type.shape):
            return False
        return all(equal(a, b) is not False for a, b in zip(value.shape, type.shape, strict=True))


def _owning(scope: Scope, key: str) -> Scope:
    """The call of the module inside a scope that a key belongs to, if it was called already, and once."""
    calls = [each for each in scope.items if isinstance(each, Scope) and key.startswith(f"{each.path}.")]
    return _owning(calls[0], key) if len(calls) == 1 and not calls[0].plain else scope
