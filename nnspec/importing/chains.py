"""Chains as an author breaks them: which steps begin a line, and which groups stand on one without labels."""

from __future__ import annotations

import re
from typing import Any

from nnspec.importing import syntax
from nnspec.importing.bodies import Call, Group
from nnspec.importing.printing import expression
from nnspec.syntax import tree

JOINED = 88  # characters of the steps of a group that stand on one line


def kind_of(made: Any) -> str:
    """The kind of step: a layer's name, `Block` for what is composed; nothing for a value."""
    if isinstance(made, (tree.Body, tree.Residual, tree.Merge, tree.Repeat)):
        return "Block"
    base = made.base if isinstance(made, tree.Postfix) and isinstance(made.trailers[0], tree.Arguments) else made
    if isinstance(base, tree.Name) and re.match("[A-Z]", base.text):
        from nnspec.layers.registry import find

        return base.text if find(base.text) is not None else "Block"
    return ""


BRACED = (tree.Residual, tree.Merge, tree.Body)


def is_stage(item: tree.Item) -> bool:
    """Whether a step is one that a line is about: with weights, or composed."""
    word = kind_of(item.step)
    return word.startswith("Conv") or word in ("Linear", "Embedding", "Block", "LSTM", "GRU", "MultiheadAttention")


def joined(statements: list[Any]) -> list[Any]:
    """Lines of a group as one, where that is short."""
    if not all(isinstance(each, tree.Chain) for each in statements) or any(
        each.items[0].label is None and kind_of(each.items[0].step) == "" for each in statements[1:]
    ):
        return statements
    chain = syntax.chain(*(item for each in statements for item in each.items))
    text = expression(chain)
    return (
        [chain] if len(text) < JOINED and not any(isinstance(each.step, BRACED) for each in chain.items) else statements
    )


def unlabelled(statements: list[Any], group: Group) -> list[Any]:
    """The steps of a group without labels that are their places anyway."""
    place = 0
    for item in group.items:
        if item.label != str(place):
            return statements
        place += item.count if isinstance(item, Call) else 1
    made = []
    count = 0
    for each in statements:
        if not isinstance(each, tree.Chain):
            return statements
        made.append(syntax.chain(*(_numbered(item) for item in each.items)))
        count += len(each.items)
    return made if count == len(group.items) else statements


def _numbered(item: tree.Item) -> tree.Step:
    """A step whose label is its place: a label makes a repeat a group, which braces do without one."""
    if item.label is not None and isinstance(item.step, tree.Repeat):
        return tree.Body(0, 0, (syntax.chain(item.step),))
    return item.step
