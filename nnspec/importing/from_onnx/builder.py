"""`GraphBuilder`: what the rows of the table of operators write with: layers applied to values, with arrays as weights.

What is written are drafts: which names their weights have is settled when all of the file is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnspec.checked import validation_error
from nnspec.dims import Expression, Size, Symbol, solve
from nnspec.importing.from_onnx.known import Known, Listed
from nnspec.importing.from_onnx.node import Node
from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.network import Scope, Stored
from nnspec.layers.base import LARGEST, Layer
from nnspec.layers.families.source import Constant
from nnspec.layers.registry import find
from nnspec.layers.tensor_type import DType, LayerError, TensorType
from nnspec.weights.arrays import ELEMENT_TYPES

WRITTEN = 16  # elements of a constant that stands in the text


class Bound(Exception):
    """A size that the file leaves open can only be one number: the file is read again with it."""

    def __init__(self, symbol: Symbol, size: int) -> None:
        self.symbol, self.size = symbol, size


def need_size(have: Size, wanted: int) -> None:
    """Say that a size is that of a weight.

    Raises:
        Bound: it is open so far.
    """
    found = solve(have, wanted) if isinstance(have, Expression) else None
    if found is not None and isinstance(found[1], int) and found[1] > 0:
        raise Bound(found[0], found[1])


class Draft:
    """A layer applied to values, or a tensor of the model's own, with its weights and the node that it is of."""

    def __init__(
        self, layer: Layer | Stored, inputs: tuple[str | None, ...], outputs: tuple[str, ...], node: Node | None
    ) -> None:
        self.layer = layer
        self.inputs = inputs
        self.outputs = outputs
        self.node = node
        self.weights: dict[str, Known] = {}
        self.path: str | None = None


class GraphBuilder(Builder):
    """Collects drafts, in order."""

    def __init__(self, opset: int) -> None:
        super().__init__(Scope("", "Model"))
        self.opset = opset
        self.drafts: list[Draft] = []
        self.notes: dict[str, None] = {}
        self.node: Node | None = None  # the one that is being read
        self._tensors: dict[int, Value] = {}
        self._kept: list[Known] = []  # whose identities are keys

    def note(self, text: str) -> None:
        """Say something of the file that its user should know."""
        self.notes[text] = None

    def apply(
        self,
        layer: Layer,
        inputs: tuple[Value | None, ...],
        path: str | None = None,
        ties: tuple[tuple[str, str], ...] = (),
    ) -> tuple[Value, ...]:
        """All results of a layer without weights."""
        return self.draft(layer, inputs, {})

    def draft(self, layer: Layer, inputs: Sequence[Any], weights: Mapping[str, Known]) -> tuple[Value, ...]:
        """All results of a layer with these weights.

        Raises:
            Unsaid: the layer does not take these.
        """
        given = tuple(None if each is None else self.tensor(each) for each in inputs)
        while given and given[-1] is None:
            given = given[:-1]
        if any(each is not None and 0 in each.shape for each in given):
            raise Unsaid("it is given a tensor without elements")
        types = [None if each is None else each.type for each in given]
        if not layer.variadic:
            types += [None] * (len(layer.inputs) + len(layer.optional_inputs) - len(given))
        try:
            results = layer.results(*types)
            wanted = {each.name: each for each in layer.weights(*types)}
        except LayerError as error:
            raise Unsaid(f"{layer.kind} {error}") from None
        made = tuple(self.fresh(type) for type in results)
        names = tuple(None if each is None else each.name for each in given)
        found = Draft(layer, names, tuple(each.name for each in made), self.node)
        for name, weight in wanted.items():
            known = weights.get(name)
            array = np.zeros(weight.shape, ELEMENT_TYPES[weight.dtype]) if known is None else known.array
            if array.shape != weight.shape:
                raise Unsaid(f"its {name} is {array.shape}, and {weight.shape} is needed")
            found.weights[name] = Known(array, "" if known is None else known.name, True)
        self.drafts.append(found)
        self.makers.update(dict.fromkeys(found.outputs, found))  # type: ignore[arg-type]
        return made

    def weighted_by(self, layer: Layer, *inputs: Any, **weights: Known | None) -> Value:
        """The first result of a layer with weights."""
        return self.draft(layer, inputs, {name: each for name, each in weights.items() if each is not None})[0]

    def tensor(self, value: Any) -> Value:
        """A value that a layer can take; an array as a constant or as a tensor of the model's own."""
        if isinstance(value, Listed):
            raise Unsaid("a sequence of tensors stands where a tensor is needed")
        if not isinstance(value, Known):
            return super().tensor(value)
        if id(value) not in self._tensors:
            self._kept.append(value)
            self._tensors[id(value)] = self._constant(value)
        return self._tensors[id(value)]

    def _constant(self, known: Known) -> Value:
        array = known.array
        if array.size == 0:
            raise Unsaid("it is given a tensor without elements")
        if known.symbolic:
            return self._of_sizes(known)
        dtype = dtype_of(array.dtype)
        if dtype == "float":
            array = self._finite(array)
        if array.ndim == 0:
            return self(Constant(value=plain(array.item(), dtype)))
        if (not known.stored or dtype != "float") and array.size <= WRITTEN:
            numbers = _tuples([plain(each, dtype) for each in array.reshape(-1).tolist()], array.shape)
            return self(Constant(value=numbers, dtype="float" if dtype == "float" else None))
        kept = Stored(TensorType(dtype, tuple(array.shape)), trainable=dtype == "float")
        made = self.fresh(kept.type)
        draft = Draft(kept, (), (made.name,), self.node)
        draft.weights[""] = Known(array, known.name, True)
        self.drafts.append(draft)
        self.makers[made.name] = draft  # type: ignore[assignment]
        return made

    def _of_sizes(self, known: Known) -> Value:
        if known.rank > 1:
            raise Unsaid("it computes with a matrix of sizes")
        parts = [self(Constant(value=each)) for each in known.sizes()]
        return parts[0] if known.rank == 0 else self(layer("Stack"), *parts)

    def _finite(self, array: Any) -> Any:
        array = array.astype(np.float32)
        if np.isnan(array).any():
            raise Unsaid("a constant is NaN, which no spec can hold")
        if np.isinf(array).any():
            self.note("an infinite constant is written as the largest float")
            array = np.clip(array, -LARGEST, LARGEST)
        return array

    def seen(self, rank: int) -> list[Value]:
        """The tensors of floats with so many dimensions that there are so far."""
        return [Value(name, type) for name, type in self.types.items() if type.rank == rank and type.dtype == "float"]


def layer(name: str, **fields: Any) -> Layer:
    """A layer by its name, with those arguments that are not None.

    Raises:
        Unsaid: it cannot have these.
    """
    kind = find(name)
    assert kind is not None, name
    try:
        return kind(**{key: value for key, value in fields.items() if value is not None})
    except (LayerError, validation_error()) as error:
        raise Unsaid(f"{name}: {str(error).splitlines()[-1].strip()}") from None


def plain(number: Any, dtype: DType = "float") -> Any:
    """A number of Python; a float with the fewest digits that are this one in 32 bits."""
    if dtype != "float":
        return number
    if abs(number) >= LARGEST:
        return LARGEST if number > 0 else -LARGEST
    return float(str(np.float32(number)))


def dtype_of(dtype: Any) -> DType:
    """The element type that a spec has for one of numpy's.

    Raises:
        Unsaid: none.
    """
    kind = np.dtype(dtype).kind
    if np.dtype(dtype).name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
        return "float"
    if kind in "OSU":
        raise Unsaid("it holds texts, and a spec computes with numbers")
    if kind not in "fiub":
        raise Unsaid(f"its elements are of type {np.dtype(dtype).name}")
    return {"f": "float", "i": "int", "u": "int", "b": "bool"}[kind]  # type: ignore[return-value]


def _tuples(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    if len(shape) == 1:
        return tuple(numbers)
    step = len(numbers) // shape[0]
    return tuple(_tuples(numbers[place : place + step], shape[1:]) for place in range(0, len(numbers), step))


def listed(value: Any, what: str) -> tuple[Any, ...] | None:
    """Sizes that stand in an attribute or in an input that is known; None where they are left out.

    Raises:
        Unsaid: they depend on data.
    """
    if value is None:
        return None
    return constant(value, what).sizes() if isinstance(value, (Known, Value)) else tuple(value)


def constant(value: Any, what: str) -> Known:
    """An input that must be known.

    Raises:
        Unsaid: it depends on data.
    """
    if not isinstance(value, Known):
        raise Unsaid(f"its {what} is computed from data")
    return value


def whole(values: Sequence[Any] | None, what: str) -> tuple[int, ...] | None:
    """Numbers, none of which may be a symbol.

    Raises:
        Unsaid: one is.
    """
    if values is None:
        return None
    if any(isinstance(each, Expression) for each in values):
        raise Unsaid(f"its {what} depends on the size of an input")
    return tuple(int(each) for each in values)
