"""Makers of syntax trees without places in a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nnspec.dims import Expression as Symbolic
from nnspec.dims import Floor, Product, Size, Symbol
from nnspec.syntax import tree
from nnspec.syntax.tree import Expression, Item, Step


def name(text: str) -> tree.Name:
    """A name."""
    return tree.Name(0, 0, text)


def identifier(text: str) -> tree.Identifier:
    """A name that is declared, or a path."""
    return tree.Identifier(0, 0, text)


def plain(value: Any) -> Expression:
    """A number, text, truth value, size or list."""
    if value is None or isinstance(value, bool):
        return tree.Constant(0, 0, value)
    if isinstance(value, str):
        return tree.Ellipsis(0, 0) if value == "..." else tree.Text(0, 0, (value,))
    if isinstance(value, (int, float)):
        number = tree.Number(0, 0, abs(value))
        return tree.Negate(0, 0, number) if value < 0 else number
    if isinstance(value, Symbolic):
        return size(value)
    if isinstance(value, Sequence):
        return tree.ListOf(0, 0, tuple(map(plain, value)))
    return value  # type: ignore[no-any-return]


def size(value: Size) -> Expression:
    """A symbolic size as arithmetic on its symbols."""
    if isinstance(value, int):
        return plain(value)
    total: Expression | None = None
    for atom, coefficient in value.terms:
        part = _atom(atom)
        scaled = part if abs(coefficient) == 1 else binary("*", plain(abs(coefficient)), part)
        if total is None:
            total = scaled if coefficient > 0 else tree.Negate(0, 0, scaled)
        else:
            total = binary("+" if coefficient > 0 else "-", total, scaled)
    assert total is not None
    if value.constant:
        total = binary("+" if value.constant > 0 else "-", total, plain(abs(value.constant)))
    return total if value.divisor == 1 else binary("//", total, plain(value.divisor))


def _atom(atom: Any) -> Expression:
    if isinstance(atom, Symbol):
        return name(atom.text)
    if isinstance(atom, Floor):
        return size(atom.inner)
    assert isinstance(atom, Product)
    made = size(atom.factors[0])
    for factor in atom.factors[1:]:
        made = binary("*", made, size(factor))
    return made


def binary(operator: str, left: Expression, right: Expression) -> tree.Operation:
    """Two operands and the operator between them."""
    return tree.Operation(0, 0, (left, right), (operator,))


def call(word: str, *values: Expression, **named: Expression) -> Expression:
    """A function, layer or block with arguments; without any it is its name."""
    items = [tree.Argument(0, 0, None, each) for each in values]
    items += [tree.Argument(0, 0, identifier(key), each) for key, each in named.items()]
    if not items:
        return name(word)
    return tree.Postfix(0, 0, name(word), (tree.Arguments(0, 0, tuple(items)),))


def subscript(base: Expression, items: Sequence[Any]) -> tree.Postfix:
    """`base[...]`, with slices as ("slice", first, last, step)."""
    made = tuple(
        tree.Slice(0, 0, *(None if each is None else plain(each) for each in item[1:]))
        if isinstance(item, tuple) else plain(item)
        for item in items
    )  # fmt: skip
    return postfix(base, tree.Subscript(0, 0, made))


def postfix(base: Expression, trailer: Any) -> tree.Postfix:
    """Something with a trailer behind it."""
    if isinstance(base, tree.Postfix):
        return tree.Postfix(0, 0, base.base, (*base.trailers, trailer))
    return tree.Postfix(0, 0, base, (trailer,))


def member(base: Expression, word: str) -> tree.Postfix:
    """`base.word`."""
    return postfix(base, tree.Member(0, 0, word))


def path(text: str) -> Expression:
    """A dotted path as a value."""
    first, *rest = text.split(".")
    made: Expression = name(first)
    for part in rest:
        made = member(made, part)
    return made


def item(step: Step, label: str | None = None) -> Item:
    """A step, with its label if it has one."""
    return tree.Item(0, 0, None if label is None else identifier(label), step)


def chain(*steps: Step | Item) -> tree.Chain:
    """Steps one after the other."""
    return tree.Chain(0, 0, tuple(each if isinstance(each, Item) else item(each) for each in steps))


def fed(value: tree.Chain, word: str | None = None) -> tree.Fed:
    """One of the values of a tuple."""
    return tree.Fed(0, 0, None if word is None else identifier(word), value)


def tuple_of(*values: tree.Fed) -> tree.Tuple:
    """Several values in parentheses."""
    return tree.Tuple(0, 0, values)


def names(nodes: Iterable[Any]) -> set[str]:
    """All names in some trees."""
    found: set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Name):
            found.add(node.text)
        if isinstance(node, tree.Node):
            pending += [getattr(node, field) for field in node.record_fields]
        elif isinstance(node, (list, tuple)):
            pending += node
    return found
