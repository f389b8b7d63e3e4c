"""`assembled`: the text of a network: its blocks, innermost first, and its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.dims import Expression, Size, symbols
from nnspec.formatting import format_text
from nnspec.importing import syntax
from nnspec.importing.apart import entered, opened
from nnspec.importing.block import Block, Tie
from nnspec.importing.bodies import Body, Call, Group, Item, Step, below, bodies, flat
from nnspec.importing.complete import completed
from nnspec.importing.fold import Folded, fields, fold, is_usual, sizes_of
from nnspec.importing.mistakes import CannotSay, Refusal
from nnspec.importing.naming import RESERVED, Names
from nnspec.importing.network import Network, Stored
from nnspec.importing.printing import printed
from nnspec.importing.rows import gather
from nnspec.importing.sizes import Sizes
from nnspec.importing.slots import Slots
from nnspec.importing.statements import Statements
from nnspec.layers.registry import find
from nnspec.record import Record
from nnspec.syntax import tree


class Assembled(Record):
    """The text of a spec, and what each block and the model were made from, by their names."""

    text: str
    bodies: dict[str, Body]


def assembled(network: Network) -> Assembled:
    """The text of a spec for a network.

    Raises:
        SpecError: a size is made of others in a way that a spec cannot name.
    """
    whole, root, folded = _folded(completed(network), [each.name.text for each in network.blocks])
    writer = _Writer(whole, folded)
    made = [*network.blocks, *(writer.block(block) for block in folded.blocks if block.body is not root)]
    model = writer.model(root)
    text = format_text(printed(tree.File(0, 0, (*made, model))))
    return Assembled(text, {each.name: each.body for each in folded.blocks} | {model.name.text: root})


def blocks_of(network: Network, taken: Sequence[str]) -> tuple[tree.Block, ...]:
    """The blocks of a network that only calls one module, which is the last of them; none has a name that is taken.

    They are none where that is no block.

    Raises:
        SpecError: a size is made of others in a way that a spec cannot name.
    """
    whole, root, folded = _folded(completed(network), taken)
    writer = _Writer(whole, folded)
    if len(root.items) != 1 or not isinstance(root.items[0], Call):
        return ()
    return tuple(writer.block(block) for block in folded.blocks if block.body is not root)


def _folded(network: Network, taken: Sequence[str] = ()) -> tuple[Network, Body, Folded]:
    """A network in which modules are called as wholes, and again only to do the same, its body and its blocks."""
    while True:
        root = bodies(network)
        apart = frozenset(entered(root.items))
        if not apart:
            gather(root)
            folded = fold(root, network.types, taken)
            if not folded.apart:
                return network, root, folded
            apart = folded.apart
        network = opened(network, apart)


class _Writer:
    def __init__(self, network: Network, folded: Folded) -> None:
        self.network = network
        self.folded = folded
        self.blocks = [*(each.name.text for each in network.blocks), *(each.name for each in folded.blocks)]
        self.results: dict[int, list[str]] = {}  # of blocks with several: their names

    def block(self, block: Block) -> tree.Block:
        body = block.body
        sizes = sizes_of(body, self.folded.types)
        written = _Written(self, block, body, sizes)
        parameters = [each.name for each in block.parameters]
        names = Names([*parameters, *sizes.names(), *self.blocks], _labels(body.items))
        inputs = [names.fresh(word) for word in _input_names(body, self.network)] if len(body.inputs) > 1 else []
        for value, name in zip(body.inputs, inputs, strict=False):
            names.give(value, syntax.name(name))
        outputs = self._outputs(block, body, names)
        several = len(outputs) > 1
        statements = Statements(written, names, self.folded.types)
        lines = statements.body(body.items, body.inputs[0], outputs, named=several)
        head = _header(sizes, syntax.names(lines), inputs)
        declared = [
            tree.Parameter(0, 0, syntax.identifier(each.name), syntax.plain(each.default) if each.has_default else None)
            for each in block.parameters
        ]
        order = _order(lines, body, self.network)
        return tree.Block(
            0, 0, syntax.identifier(block.name), tuple(declared),
            tuple(tree.BlockInput(0, 0, syntax.identifier(name), False) for name in inputs),
            tree.Body(0, 0, (*order, *head, *lines)), "",
        )  # fmt: skip

    def _outputs(self, block: Block, body: Body, names: Names) -> list[tuple[str, str]]:
        if len(body.outputs) == 1:
            return [("", body.outputs[0])]
        wishes = {value: name for item in flat(body.items) if isinstance(item, Step)
                  for value, name in zip(item.outputs, item.operation.names, strict=False)}  # fmt: skip
        made = [names.fresh(wishes.get(value, "result") or "result") for value in body.outputs]
        self.results[id(block)] = made
        return list(zip(made, body.outputs, strict=True))

    def model(self, root: Body) -> tree.Model:
        block = self.folded.of[id(root)]
        types = self.folded.types
        sizes = Sizes.of_model([types[value] for value in root.inputs])
        written = _Written(self, block, root, sizes)
        taken = [name for name, _ in self.network.outputs]
        names = Names([*sizes.names(), *self.blocks], _labels(root.items))
        inputs: list[Any] = []
        bounded: set[str] = set()
        for name, value in self.network.inputs:
            own = names.fresh(name)
            names.give(value, syntax.name(own))
            shape = tree.ListOf(0, 0, tuple(_declared(size, bounded) for size in types[value].shape))
            inputs.append(tree.Input(0, 0, syntax.identifier(own), syntax.identifier(types[value].dtype), shape))
        outputs = [(names.fresh(name), value) for name, value in zip(taken, root.outputs, strict=True)]
        single = root.inputs[0] if len(root.inputs) == 1 else None
        lines = Statements(written, names, types).body(root.items, single, outputs, named=True)
        name = _model_name(self.network.name, {each.name for each in self.folded.blocks if each is not block})
        statements = (*_order(lines, root, self.network), *inputs, *lines)
        return tree.Model(0, 0, syntax.identifier(name), (), tree.Body(0, 0, statements), self.network.documentation)


class _Written(Slots):
    """The slots of one body."""

    def __init__(self, writer: _Writer, block: Block, body: Body, sizes: Sizes) -> None:
        self.writer = writer
        self.block = block
        self.body = body
        self.sizes = sizes
        self.places: dict[int, tuple[int, ...]] = {}
        self._place(body.items, ())

    def _place(self, items: Sequence[Item], prefix: tuple[int, ...]) -> None:
        for index, item in enumerate(items):
            self.places[id(item)] = (*prefix, index)
            if isinstance(item, Group):
                self._place(item.items, (*prefix, index))

    def _slot(self, place: tuple[Any, ...], value: Any) -> Any:
        found = self.block.written.get(place)
        return self._plain(value) if found is None else found

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Expression):
            made = self.sizes.written(value)
            if made is None:
                raise SpecError.of(
                    CannotSay(None, (Refusal(str(value), f"a size that {self.block.name} cannot name"),))
                )
            return made
        if isinstance(value, Tie):
            own = below(value.key, self.body.path)
            return syntax.path(value.key if own is None else own)
        if isinstance(value, tuple):
            return tree.ListOf(0, 0, tuple(map(self._plain, value)))
        return syntax.plain(value)

    def value(self, piece: Any, name: str) -> Any:
        place = self.places[id(piece)]
        layer = piece.operation.layer
        value = layer.type.shape if isinstance(layer, Stored) else getattr(layer, name)
        if name == "items":
            return tuple(self._item((*place, name, number), each) for number, each in enumerate(value))
        if isinstance(value, tuple):
            made = [self._slot((*place, name, number), each) for number, each in enumerate(value)]
            return tree.ListOf(0, 0, tuple(made))
        return self._slot((*place, name), value)

    def _item(self, place: tuple[Any, ...], value: Any) -> Any:
        found = self.block.written.get(place)
        if found is not None or not isinstance(value, tuple):
            return found if found is not None else self._plain(value) if isinstance(value, Expression) else value
        return ("slice", *(self._plain(each) if isinstance(each, Expression) else each for each in value[1:]))

    def names(self, piece: Step) -> Sequence[str]:
        place = self.places[id(piece)]
        return [name for name, value in fields(piece) if not is_usual(piece, name, value) or self._differs(place, name)]

    def _differs(self, place: tuple[Any, ...], name: str) -> bool:
        """Whether an argument of a step is another in other bodies of the block."""
        return any(key[: len(place) + 1] == (*place, name) for key in self.block.written)

    def ties(self, piece: Step) -> dict[str, Any]:
        place = self.places[id(piece)]
        return {name: self._slot((*place, "tie", name), Tie(key)) for name, key in piece.operation.ties}

    def called(self, piece: Call) -> Any:
        block = self.writer.folded.of[id(piece.body)]
        own = block.index(piece.body)
        place = self.places[id(piece)]
        values: list[Any] = []
        named: dict[str, Any] = {}
        for parameter in block.parameters:
            value = parameter.values[own]
            written = self._slot((*place, parameter.name), value)
            if parameter.has_default:
                if (*place, parameter.name) in self.block.written or not _is_default(value, parameter.default):
                    named[parameter.name] = written
            elif isinstance(value, Tie):
                named[parameter.name] = written
            else:
                values.append(written)
        return syntax.call(block.name, *values, **named)

    def count(self, piece: Call) -> Any:
        return self._slot((*self.places[id(piece)], "count"), piece.count)

    def results(self, piece: Call) -> Sequence[str]:
        block = self.writer.folded.of[id(piece.body)]
        return self.writer.results.get(id(block), [""])

    def condition(self, piece: Any) -> Any:
        place = self.block.optional
        return self.block.condition if place is not None and piece is self.body.items[place] else None


def _declared(size: Size, bounded: set[str]) -> Any:
    """A size of an input; a symbol with its largest number, where it has one and it is the first time."""
    written = syntax.plain(size)
    for symbol in () if isinstance(size, int) else symbols(size):
        if symbol.bounds[1] is not None and symbol.text not in bounded and written == syntax.name(symbol.text):
            bounded.add(symbol.text)
            return syntax.binary("<=", written, syntax.plain(symbol.bounds[1]))
    return written


def _is_default(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _labels(items: Sequence[Item]) -> list[str]:
    """The labels of a body, those inside groups among them; a buffer without a key needs none."""
    found = []
    for each in items:
        layer = each.operation.layer if isinstance(each, Step) else None
        if each.label is not None and not (isinstance(layer, Stored) and not layer.persistent):
            found.append(each.label)
        if isinstance(each, Group):
            found += _labels(each.items)
    return found


def _header(sizes: Sizes, used: set[str], inputs: Sequence[str]) -> list[Any]:
    """The patterns that bind the names of dimensions that are used: of the first input last, since it flows on."""
    made: list[Any] = []
    bound: set[str] = set()
    for index, type in enumerate(sizes.given):
        names = [sizes.name(index, dim) for dim in range(type.rank)]
        if not (set(names) & used) - bound:
            continue
        shape = tree.ListOf(0, 0, tuple(syntax.name(name if name in used else "_") for name in names))
        bound |= set(names) & used
        start = [syntax.name(inputs[index])] if inputs and index else []
        made.append(syntax.chain(*start, shape))
    if len(made) > 1 or (made and len(made[0].items) > 1):
        first = [each for each in made if len(each.items) == 1]
        rest = [each for each in made if len(each.items) > 1]
        head = (
            [syntax.chain(syntax.name(inputs[0]), first[0].items[0].step)]
            if first
            else [syntax.chain(syntax.name(inputs[0]))]
        )
        return [*rest, *head]
    return made


def _order(statements: Sequence[Any], body: Body, network: Network) -> list[Any]:
    """The labels in the order of the `state_dict`, where that is not the order of the steps."""
    keys = [below(key, body.path) for key in network.weights]
    wanted = list(dict.fromkeys(key.partition(".")[0] for key in keys if key and "." in key))
    written = list(dict.fromkeys(label for label in _labels_of(statements) if label in wanted))
    left = [label for label in wanted if label in written]
    while left and left[-1] == written[-1]:
        left.pop()
        written.pop()
    return [tree.Order(0, 0, tuple(map(syntax.identifier, left)))] if left else []


def _labels_of(node: Any) -> Iterator[str]:
    """The first words of the labels in a tree, in the order of the text; what a label holds is not looked into."""
    if isinstance(node, tree.Item) and node.label is not None:
        text = node.label.text if isinstance(node.label, tree.Identifier) else ""
        yield text.partition(".")[0]
    elif isinstance(node, tree.Node):
        for name in node.record_fields:
            yield from _labels_of(getattr(node, name))
    elif isinstance(node, (list, tuple)):
        for each in node:
            yield from _labels_of(each)


def _input_names(body: Body, network: Network) -> list[str]:
    made = {
        value: name for each in network.root.operations() for value, name in zip(each.outputs, each.names, strict=False)
    }
    declared = {value: name for name, value in network.inputs}
    names: list[str] = []
    for index, value in enumerate(body.inputs):
        wish = made.get(value) or declared.get(value) or ("x" if index == 0 else "y")
        names.append(wish if wish not in RESERVED and wish != "_" else "y")
    return names


def _model_name(name: str, taken: set[str]) -> str:
    stem = "".join(sign for sign in name if sign.isalnum() or sign == "_").lstrip("_0123456789") or "Model"
    stem = stem[:1].upper() + stem[1:]
    while stem in taken or find(stem) is not None:
        stem += "Model"
    return stem
