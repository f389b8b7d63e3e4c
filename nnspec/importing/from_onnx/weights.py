"""`imported`: drafts as a network, whose weights have keys; and the arrays of these, as a file of weights has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnspec.importing import syntax
from nnspec.importing.assemble import blocks_of
from nnspec.importing.bodies import keys_of
from nnspec.importing.from_onnx.builder import Draft, GraphBuilder
from nnspec.importing.from_onnx.experts import GIVEN, Experts
from nnspec.importing.from_onnx.paths import Paths
from nnspec.importing.from_onnx.scopes import Placed, nested
from nnspec.importing.network import Network, Operation, Stored, Weighed
from nnspec.importing.printing import printed
from nnspec.layers.mixture import Mixture
from nnspec.layers.tensor_type import DType
from nnspec.record import Record
from nnspec.syntax import tree
from nnspec.weights.arrays import ELEMENT_TYPES, Array


class Imported(Record):
    """A network, its arrays by key, and what its user should know of how it was read."""

    network: Network
    arrays: dict[str, Array]
    notes: tuple[str, ...]


def imported(
    builder: GraphBuilder,
    drafts: Sequence[Draft],
    name: str,
    inputs: tuple[tuple[str, str], ...],
    outputs: tuple[tuple[str, str], ...],
    path: str,
) -> Imported:
    """The network of drafts; `path` is that of the file.

    Raises:
        SpecError: the experts of a mixture are not alike.
    """
    found = _Naming(builder, drafts)
    mixtures = {id(each): Experts(each, drafts, path) for each in drafts if isinstance(each.layer, Mixture)}
    inside = {id(draft) for experts in mixtures.values() for draft in experts.drafts()}
    root = nested(
        [
            found.mixture(mixtures[id(draft)]) if id(draft) in mixtures else found.placed(draft)
            for draft in drafts
            if id(draft) not in inside
        ],
        name,
    )
    types = dict(builder.types)
    order = dict.fromkeys(key for each in root.operations() for key in keys_of(each, types))
    weights = {key: found.weights[key] for key in order}
    network = Network(
        name, root, inputs, outputs, types, weights, tuple(found.aliases.values()), blocks=tuple(found.blocks)
    )
    return Imported(network, found.arrays, tuple(builder.notes))


TIED = ("Embedding", "Linear")  # a table of tokens that is the weight of the last product, too


class _Naming:
    """Gives drafts paths; those with the same arrays are one layer, or share a parameter."""

    def __init__(self, builder: GraphBuilder, drafts: Sequence[Draft]) -> None:
        self.builder = builder
        self.paths = Paths(drafts)
        self.weights: dict[str, Weighed] = {}
        self.arrays: dict[str, Array] = {}
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.first: dict[Any, str] = {}  # the key of an array
        self.layers: dict[Any, str] = {}  # the path of a layer with its arrays
        self.blocks: list[tree.Block] = []  # of experts
        self.experts: dict[str, str] = {}  # their names, by their text

    def placed(self, draft: Draft) -> Placed:
        """A draft with its path, and those of its module."""
        module = draft.node.module if draft.node is not None else ()
        kinds = draft.node.kinds if draft.node is not None else ()
        layer, path = draft.layer, draft.path
        if draft.weights:
            same = (layer, *((name, _identity(each.array)) for name, each in draft.weights.items()))
            telling = any(
                each.array.size and (each.array != each.array.flat[0]).any() for each in draft.weights.values()
            )
            # exporters store equal arrays once: those of one number only say nothing of sharing
            if telling and not isinstance(layer, Stored) and same in self.layers:
                path = self.layers[same]
            else:
                path = self.layers[same] = self.paths.of(draft, layer.kind)
                self._enter(draft, path)
            if isinstance(layer, Stored) and not layer.trainable:
                layer = layer.replace(contents=_zeros(layer))
        return Operation(layer, draft.inputs, draft.outputs, path), module, kinds

    def mixture(self, experts: Experts) -> Placed:
        """A mixture with the block that each of its experts is."""
        base = ".".join(experts.base)
        owned: list[tuple[str, tuple[int, ...]]] = []
        first: dict[str, Weighed] = {}
        for number, each in enumerate(experts.owned(self.paths)):
            for name, draft, weight in each:
                known = draft.weights[weight]
                key = f"{base}.{number}.{name}"
                self.weights[key] = Weighed(tuple(known.array.shape), "float")
                self.arrays[key] = _contiguous(np.asarray(known.array, np.float32))
                owned.append((f"{number}.{name}", tuple(known.array.shape)))
                if not number:
                    first[name] = self.weights[key]
        made = blocks_of(experts.network(self.builder.types, first), ())
        if not made:
            raise experts.refused("each of its experts is one layer, and an expert is a block")
        words = printed(tree.File(0, 0, made))
        if words not in self.experts:
            made = blocks_of(experts.network(self.builder.types, first), [each.name.text for each in self.blocks])
            self.blocks += made
            self.experts[words] = made[-1].name.text
        layer = Mixture(num_experts=len(experts.cones), expert=syntax.call(self.experts[words]))
        mixture = experts.mixture
        operation = Operation(layer, mixture.inputs[:GIVEN], mixture.outputs, base, owned=tuple(owned))
        return operation, tuple(experts.base), mixture.node.kinds if mixture.node is not None else ()

    def _enter(self, draft: Draft, path: str) -> None:
        layer = draft.layer
        given = [None if each is None else self.builder.types[each] for each in draft.inputs]
        if isinstance(layer, Stored):
            kinds: dict[str, tuple[DType, bool, bool]] = {"": (layer.type.dtype, not layer.trainable, layer.trainable)}
        else:
            if not layer.variadic:
                given += [None] * (len(layer.inputs) + len(layer.optional_inputs) - len(given))
            kinds = {each.name: (each.dtype, each.buffer, each.trainable) for each in layer.weights(*given)}
        for name, known in draft.weights.items():
            key = f"{path}.{name}" if name else path
            dtype, buffer, trainable = kinds[name]
            array = known.array
            self.weights[key] = Weighed(tuple(array.shape), dtype, buffer, trainable)
            self.arrays[key] = _contiguous(np.asarray(array, ELEMENT_TYPES[dtype]))
            identity = _identity(array)
            if layer.kind in TIED and array.size > 1 and identity in self.first:
                first = self.first[identity]
                self.aliases[first] = (*self.aliases.get(first, (first,)), key)
            elif layer.kind in TIED:
                self.first.setdefault(identity, key)


BLOCK = 512  # rows and columns of a matrix that are turned at a time: a cache holds them


def _contiguous(array: Array) -> Array:
    """An array with its rows in a row; a large matrix that is turned is copied block by block."""
    if array.ndim != 2 or array.flags.c_contiguous or array.size < BLOCK**2:
        return np.ascontiguousarray(array) if array.ndim else array
    made = np.empty(array.shape, array.dtype)
    for row in range(0, array.shape[0], BLOCK):
        for column in range(0, array.shape[1], BLOCK):
            place = slice(row, row + BLOCK), slice(column, column + BLOCK)
            made[place] = array[place]
    return made


def _identity(array: Array) -> Any:
    """What two arrays share that are the same memory, looked at in the same way."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def _zeros(stored: Stored) -> Any:
    dtype = {} if stored.type.dtype == "float" else {"dtype": syntax.plain(stored.type.dtype)}
    return syntax.call("zeros", syntax.plain(stored.type.shape), **dtype)
