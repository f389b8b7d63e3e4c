"""`fold`: bodies that are alike become one block; the numbers in which they differ are its parameters.

Two bodies are alike where, walked in step, they do the same to the same values in the same order under the same labels.
Blocks are made from the innermost outwards, so that calls are compared by the blocks that they call.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnspec.dims import Expression
from nnspec.importing import syntax
from nnspec.importing.block import Block, Parameter, Slot, Tie
from nnspec.importing.bodies import Body, Call, Group, Item, Step, below, flat
from nnspec.importing.multiples import by_parameter, by_size
from nnspec.importing.network import Stored
from nnspec.importing.optional import condition, optional_place
from nnspec.importing.sizes import Sizes
from nnspec.importing.writing import filled_with
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.syntax import tree

WORDS = {
    "out_channels": "channels", "out_features": "features", "kernel_size": "kernel", "num_heads": "heads",
    "embedding_dim": "width", "num_embeddings": "count", "hidden_size": "hidden", "num_groups": "groups",
    "output_size": "size", "num_parameters": "channels", "p": "dropout", "sections": "parts",
}  # fmt: skip
TIED = {"weight": "table", "bias": "shared_bias"}  # a block has no parameter with the name of one that is tied
ATTRIBUTES = frozenset(
    {"stride", "padding", "dilation", "groups", "bias", "dropout", "eps", "momentum", "scale", "causal"}
)


class Folded(Record):
    """All blocks, each behind those that it calls, and the body of the network, the last of them."""

    blocks: tuple[Block, ...]
    of: dict[int, Block]  # by the identity of a body
    types: Mapping[str, TensorType]
    apart: frozenset[str]  # modules whose calls in one body do different things


def fold(root: Body, types: Mapping[str, TensorType], taken: Sequence[str] = ()) -> Folded:
    """The blocks of a network; none has a name that is taken."""
    return _Folding(types, taken).folded(root)


def sizes_of(body: Body, types: Mapping[str, TensorType]) -> Sizes:
    """The names of the dimensions of what a body is given."""
    labels = (label for item in body.items for label in _labels(item))
    return Sizes.of_body([types[value] for value in body.inputs], labels)


def _labels(item: Item) -> Iterator[str]:
    yield item.label or ""
    if isinstance(item, Group):
        for each in item.items:
            yield from _labels(each)


class _Folding:
    def __init__(self, types: Mapping[str, TensorType], taken: Sequence[str]) -> None:
        self.types = types
        self.of: dict[int, Block] = {}
        self.names: set[str] = set(taken)

    def folded(self, root: Body) -> Folded:
        self.names.add(root.kind)
        levels: dict[int, list[Body]] = {}
        for body in _all(root):
            levels.setdefault(body.height, []).append(body)
        blocks: list[Block] = []
        for height in sorted(levels):
            groups: dict[Any, list[Body]] = {}
            for body in levels[height]:
                self._repeat(body.items, body.outputs, False)
                groups.setdefault((body.kind, body is root, self._shape(body)), []).append(body)
            for kind, bodies, optional, count in self._with_optional(groups):
                block = self._block(kind, bodies, bodies[0] is root, optional, count)
                blocks.append(block)
                for body in bodies:
                    self.of[id(body)] = block
        apart = frozenset(path for body in _all(root) for path in self._apart(body))
        return Folded(tuple(blocks), self.of, self.types, apart)

    def _apart(self, body: Body) -> Iterator[str]:
        """The modules that a body calls several times, and that do not do the same each time."""
        first: dict[str, Body] = {}
        for call in flat(body.items):
            for path in call.paths if isinstance(call, Call) else ():
                assert isinstance(call, Call)
                if not self._is_same(first.setdefault(path, call.body), call.body):
                    yield path

    def _is_same(self, one: Body, other: Body) -> bool:
        """Whether two bodies are the same block with the same arguments, and the same sizes where it has them."""
        block = self.of[id(one)]
        if one is other or self.of[id(other)] is not block:
            return one is other
        left, right = block.index(one), block.index(other)
        if not all(_same(each.values[left], each.values[right]) for each in block.parameters):
            return False
        given = zip(one.inputs, other.inputs, strict=True)
        alike = all(self.types[value].equals(self.types[again]) for value, again in given)
        if not alike and self._has_sizes(block):
            return False
        return all(self._is_same(*pair) for pair in zip(one.bodies(), other.bodies(), strict=True))

    def _has_sizes(self, block: Block) -> bool:
        """Whether sizes of what a block is given stand in it."""
        own = (slot.value for slot in self.slots(block.body) if slot.word != "contents")
        return not block.sizes[0].names().isdisjoint(syntax.names([*own, *block.written.values()]))

    def _with_optional(self, groups: dict[Any, list[Body]]) -> Iterator[tuple[str, list[Body], int | None, int]]:
        """Bodies that are alike, by kind; those with a step that the others do not have come first."""
        left = dict(groups)
        for key, bodies in groups.items():
            kind, is_root, _ = key
            if key not in left:
                continue
            place = None if is_root else optional_place(bodies[0], self.types)
            other = None if place is None else (kind, is_root, self._shape(bodies[0], place))
            if other in left and all(optional_place(body, self.types) == place for body in bodies):
                del left[key]
                left[other] = [*bodies, *left[other]]
                yield kind, left.pop(other), place, len(bodies)
        for (kind, _, _), bodies in left.items():
            yield kind, bodies, None, len(bodies)

    # --- repeats

    def _repeat(self, items: list[Item], outputs: Sequence[str], placed: bool) -> None:
        """Make one call of several in a row that are alike; `placed` says that labels are the places of steps.

        `h: 3 x Block` counts from `h.0`: a row that begins later is one call only where places need no label.
        """
        for item in items:
            if isinstance(item, Group):
                self._repeat(
                    item.items, item.outputs, all(each.label == str(place) for place, each in enumerate(item.items))
                )
        uses = Counter([*(value for item in items for value in item.reads), *outputs])
        place = 0
        while place < len(items):
            run = 1
            while place + run < len(items) and self._goes_on(
                items[place], items[place + run - 1], items[place + run], run, uses
            ):
                run += 1
            first = items[place]
            if run > 1 and isinstance(first, Call) and (placed or _is_whole(items, place, run)):
                first.count = run
                first.outputs = items[place + run - 1].outputs
                first.paths = [each.body.path for each in items[place : place + run] if isinstance(each, Call)]
                del items[place + 1 : place + run]
            place += 1

    def _goes_on(self, first: Item, before: Item, item: Item, run: int, uses: Mapping[str, int]) -> bool:
        """Whether a call is the next of a row that begins with `first`."""
        if not (isinstance(first, Call) and isinstance(before, Call) and isinstance(item, Call)):
            return False
        if first.again or item.again or len(item.outputs) != 1 or len(before.outputs) != 1 or item.count != 1:
            return False
        block = self.of[id(first.body)]
        if self.of[id(item.body)] is not block or not item.inputs or item.inputs[0] != before.outputs[0]:
            return False
        if uses.get(before.outputs[0], 0) != 1 or item.inputs[1:] != first.inputs[1:]:
            return False
        ins, outs = self.types[item.inputs[0]], self.types[item.outputs[0]]
        if not ins.equals(outs):  # the first may change the type
            return False
        stem, _, number = (first.label or "").rpartition(".")
        if not number.isdecimal() or item.label != f"{stem}.{int(number) + run}".lstrip("."):
            return False
        one, other = block.index(first.body), block.index(item.body)
        return all(each.values[one] == each.values[other] for each in block.parameters)

    # --- what bodies have in common

    def _shape(self, body: Body, without: int | None = None) -> Any:
        """All of a body but the values in its slots, in a form that is equal for bodies that are alike.

        An item that it is `without` gives what it takes.
        """
        numbers: dict[str, tuple[Any, ...]] = {value: ("in", index) for index, value in enumerate(body.inputs)}
        left = list(body.items)
        if without is not None:
            gone = left.pop(without)
            numbers[gone.outputs[0]] = numbers[gone.reads[0]]
        items = tuple(self._form(item, (index,), numbers, body) for index, item in enumerate(left))
        slots = self._slots_of(left, (), body, sizes_of(body, self.types))
        kinds = tuple((slot.place, slot.word, _kind(slot.value)) for slot in slots)
        ranks = tuple((self.types[value].dtype, self.types[value].rank) for value in body.inputs)
        return items, kinds, ranks, tuple(numbers[value] for value in body.outputs)

    def _form(self, item: Item, place: tuple[int, ...], numbers: dict[str, tuple[Any, ...]], body: Body) -> Any:
        inputs = tuple(None if value is None else numbers[value] for value in item.inputs)
        if isinstance(item, Group):
            inner = tuple(self._form(each, (*place, index), numbers, body) for index, each in enumerate(item.items))
            return "group", item.label, inputs, inner
        for index, value in enumerate(item.outputs):
            numbers[value] = (*place, index)
        if isinstance(item, Call):
            block = self.of[id(item.body)]
            return "call", item.label, inputs, id(block), item.count > 1, item.again
        operation = item.operation
        kind: Any = operation.layer.kind
        if isinstance(operation.layer, Stored):
            stored = operation.layer
            kind = (kind, stored.type.dtype, stored.persistent, stored.trainable, filled_with(stored))
        return kind, item.label, inputs, tuple(name for name, _ in operation.ties), len(operation.outputs)

    def slots(self, body: Body) -> Iterator[Slot]:
        """The slots of a body, in order."""
        sizes = sizes_of(body, self.types)
        yield from self._slots_of(body.items, (), body, sizes)

    def _slots_of(self, items: list[Item], prefix: tuple[int, ...], body: Body, sizes: Sizes) -> Iterator[Slot]:
        for index, item in enumerate(items):
            place, label = (*prefix, index), item.label or ""
            if isinstance(item, Group):
                yield from self._slots_of(item.items, place, body, sizes)
            elif isinstance(item, Call):
                block = self.of[id(item.body)]
                own = block.index(item.body)
                for parameter in block.parameters:
                    yield Slot(
                        (*place, parameter.name), parameter.name, label, _local(parameter.values[own], sizes, body)
                    )
                if item.count > 1:
                    yield Slot((*place, "count"), "depth", label, item.count)
            else:
                for name, value in fields(item):
                    if isinstance(value, tuple):
                        for number, element in enumerate(_elements(value)):
                            yield Slot((*place, name, number), name, label, _local(element, sizes, body))
                    else:
                        yield Slot((*place, name), name, label, _local(value, sizes, body))
                for name, key in item.operation.ties:
                    yield Slot((*place, "tie", name), TIED.get(name, name), label, _local(Tie(key), sizes, body))

    # --- blocks

    def _block(
        self, kind: str, bodies: list[Body], is_root: bool, optional: int | None = None, count: int = 0
    ) -> Block:
        """The block of some bodies, of which the first `count` have an `optional` item."""
        sizes = [sizes_of(body, self.types) for body in bodies]
        block = Block(kind if is_root else self._name(kind, bodies), bodies, sizes)
        if is_root:
            return block
        taken: set[str] = {name for each in sizes[:1] for name in each.names()}
        taken |= {(item.label or "").partition(".")[0] for item in flat(block.body.items)}
        known: dict[tuple[Any, ...], Any] = {}
        of_some = []
        for row in self._rows(bodies, optional, count):
            values = tuple(slot.value for slot in row)
            if all(_same(value, values[0]) for value in values) and not _is_outer(values[0]):
                continue
            if len(row) < len(bodies):
                of_some.append((row[0], values))
                continue
            key = tuple((type(value).__name__, value) for value in values)
            if key not in known:
                known[key] = self._expressed(block, row[0], values, taken)
            block.written[row[0].place] = known[key]
        for slot, values in of_some:
            block.written[slot.place] = self._expressed(block, slot, values, taken)
        if optional is not None:
            block.optional = optional
            block.condition = condition(block, count, self.types)
            if block.condition is None:
                name = _joined(bodies[0].items[optional].label or "", "around", taken)
                block.parameters.append(Parameter(name, tuple(place < count for place in range(len(bodies)))))
                block.condition = syntax.name(name)
        _with_defaults(block)
        return block

    def _rows(self, bodies: list[Body], optional: int | None, count: int) -> Iterator[tuple[Slot, ...]]:
        """The slots of bodies side by side; those of an optional item are of the bodies that have it."""
        columns = [list(self.slots(body)) for body in bodies]
        if optional is None:
            yield from zip(*columns, strict=True)
            return
        shared = [[slot for slot in each if slot.place[0] != optional] for each in columns[:count]]
        yield from zip(*shared, *columns[count:], strict=True)
        yield from zip(*([slot for slot in each if slot.place[0] == optional] for each in columns[:count]), strict=True)

    def _expressed(self, block: Block, slot: Slot, values: tuple[Any, ...], taken: set[str]) -> Any:
        """What stands in a slot that differs: a size of the input, a multiple of a parameter, or a new parameter."""
        if all(type(value) is int for value in values) and len(set(values)) > 1:
            found = by_parameter(block, values) or by_size(block, values)
            if found is not None:
                return found
        word = WORDS.get(slot.word, slot.word)
        name = word if word not in taken else _joined(slot.label, word, taken)
        taken.add(name)
        left = len(block.bodies) - len(values)  # bodies for which it does not count
        block.parameters.append(Parameter(name, values + values[:1] * left))
        return syntax.name(name)

    def _name(self, kind: str, bodies: list[Body]) -> str:
        stem = re.sub(r"\W", "", kind).lstrip("_0123456789") or "Block"
        stem = stem[:1].upper() + stem[1:]
        name, number = stem, 2
        while name in self.names or _is_layer(name):
            name, number = f"{stem}{number}", number + 1
        self.names.add(name)
        return name


def _is_whole(items: list[Item], place: int, run: int) -> bool:
    """Whether a row is all that stands below its label, from `h.0` on: `h: 3 x Block` names nothing else."""
    stem, _, number = (items[place].label or "").rpartition(".")
    others = [*items[:place], *items[place + run :]]
    return bool(stem) and number == "0" and not any((each.label or "").startswith(f"{stem}.") for each in others)


def _is_layer(name: str) -> bool:
    from nnspec.layers.registry import find, find_construct

    return find(name) is not None or find_construct(name) is not None


def _all(root: Body) -> list[Body]:
    found = [root]
    for body in root.bodies():
        found += _all(body)
    return found


def fields(step: Step) -> list[tuple[str, Any]]:
    """The arguments of a layer, in order: those that go by position, then by name."""
    layer = step.operation.layer
    if isinstance(layer, Stored):
        if layer.contents is None or filled_with(layer):
            return [("shape", layer.type.shape)]
        return [("contents", layer.contents)]
    ordered = [*layer.by_position, *(name for name in layer.in_order() if name not in layer.by_position)]
    return [(name, getattr(layer, name)) for name in ordered]


def is_usual(step: Step, name: str, value: Any) -> bool:
    """Whether an argument is what it is where it is left out."""
    layer = step.operation.layer
    if isinstance(layer, Stored):
        return False
    field = type(layer).model_fields[name]
    return not field.is_required() and value == field.default and type(value) is type(field.default)


def _elements(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """The elements of a list, nested ones as they are."""
    return value


def _kind(value: Any) -> Any:
    """The kind of value in a slot: parameters stand for values of one kind; a size of the body's own stays."""
    if isinstance(value, tree.Node):
        return value
    if isinstance(value, Tie):
        return "tie"
    if isinstance(value, tuple):
        return value
    return "number" if type(value) in (int, float) else type(value).__name__


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right


def _is_outer(value: Any) -> bool:
    """Whether a value is known only outside the body."""
    return isinstance(value, (Expression, Tie))


def _local(value: Any, sizes: Sizes, body: Body) -> Any:
    """A value as the body has it: sizes by the names of its inputs' dimensions, its own parameters by their paths."""
    if isinstance(value, Expression):
        return sizes.written(value) or value
    if isinstance(value, Tie):
        own = below(value.key, body.path)
        return value if own is None else syntax.path(own)
    if isinstance(value, tuple):
        return tuple(_local(each, sizes, body) for each in value)
    return value


def _joined(label: str, word: str, taken: set[str]) -> str:
    stem = re.sub(r"\W+", "_", label).strip("_").lower()
    name = f"{stem}_{word}" if stem and not stem[0].isdigit() else word
    number, made = 2, name
    while made in taken:
        made, number = f"{name}{number}", number + 1
    return made


def _with_defaults(block: Block) -> None:
    """Give parameters that most calls have in common a default; those come last."""
    made = []
    for parameter in block.parameters:
        counts: dict[Any, int] = {}
        for value in parameter.values:
            if not _is_outer(value):
                counts[(type(value).__name__, value)] = counts.get((type(value).__name__, value), 0) + 1
        (_, most), count = max(counts.items(), key=lambda each: each[1]) if counts else ((None, None), 0)
        usual = (
            any(parameter.name.endswith(word) for word in ATTRIBUTES)
            or not isinstance(most, int)
            or isinstance(most, bool)
        )
        if usual and 2 * count > len(parameter.values) and not isinstance(most, tree.Node):
            parameter = parameter.replace(default=most, has_default=True)
        made.append(parameter)
    block.parameters = sorted(made, key=lambda each: each.has_default)
