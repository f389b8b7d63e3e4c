"""`positioned`: a step without a label gets one where its place among the steps would be the label of another.

A step without a label is called by its place in its scope, as in `nn.Sequential`: between `0: Conv2d(8, 3)` and
`1: ReLU` a step that the module's code does itself would be called 1, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from nnspec.importing import syntax
from nnspec.syntax import tree

ENDLESS = 1 << 30  # a place behind an unknown number of steps
_SCOPES = (tree.Body, tree.Repeat, tree.Residual, tree.Merge)  # what opens one of its own behind a label


def positioned(statements: Sequence[Any], fresh: Callable[[str], str]) -> list[Any]:
    """The statements of a scope, in which no two steps have one name; `fresh` gives names that nothing has."""
    taken = {int(first) for first in map(_first, _labels(statements)) if first.isdecimal()}
    return list(statements) if not taken else _Positions(taken, fresh).of(statements)


class _Positions:
    def __init__(self, taken: set[int], fresh: Callable[[str], str]) -> None:
        self.taken = taken
        self.fresh = fresh
        self.least = 0  # of the place of the next step, as far as it is known
        self.most = 0

    def of(self, node: Any) -> Any:
        """A part of the scope with labels where they are needed."""
        if isinstance(node, (list, tuple)):
            made = [self.of(each) for each in node]
            return tuple(made) if isinstance(node, tuple) else made
        if isinstance(node, tree.Bind):
            self.most += 1  # a tensor of the module's own may take a place
            if _applied(node.chain.items[0].step) in ("Parameter", "Buffer"):
                return node  # its name is its label
        if isinstance(node, tree.Item):
            return self._item(node)
        if isinstance(node, tree.Node):
            fields = {name: getattr(node, name) for name in node.record_fields}
            return type(node)(**{name: self.of(value) for name, value in fields.items()})
        return node

    def _item(self, item: tree.Item) -> tree.Item:
        step: Any = item.step
        if isinstance(step, tree.Repeat) and item.label is None:
            count = step.count.value if isinstance(step.count, tree.Number) else None
            self._take(*((1, ENDLESS) if count is None else (int(count), int(count))))
            return item
        if item.label is not None or isinstance(step, tree.Body):
            self._take(1, 1)
            return item
        if isinstance(step, (tree.Residual, tree.Merge, tree.Tuple)):
            return item.replace(step=self.of(step))
        word = _applied(step)
        if word is None:
            return item
        clashes = any(self.least <= place <= self.most for place in self.taken)
        self._take(1, 1)
        return item.replace(label=syntax.identifier(self.fresh(word.lower()))) if clashes else item

    def _take(self, least: int, most: int) -> None:
        self.least += least
        self.most += most


def _applied(step: Any) -> str | None:
    """The layer or block that a step applies."""
    base = step.base if isinstance(step, tree.Postfix) and isinstance(step.trailers[0], tree.Arguments) else step
    return base.text if isinstance(base, tree.Name) and re.match(r"[A-Z]\w*[a-z]", base.text) else None


def _labels(node: Any) -> list[str]:
    """The labels of a scope, without those inside what they name."""
    if isinstance(node, tree.Item) and node.label is not None:
        label = node.label.text if isinstance(node.label, tree.Identifier) else ""
        return [label, *([] if isinstance(node.step, _SCOPES) else _labels(node.step))]
    if isinstance(node, tree.Item) and isinstance(node.step, (tree.Body, tree.Repeat)):
        return []
    if isinstance(node, tree.Node):
        return [label for name in node.record_fields for label in _labels(getattr(node, name))]
    if isinstance(node, (list, tuple)):
        return [label for each in node for label in _labels(each)]
    return []


def _first(label: str) -> str:
    return label.partition(".")[0]
