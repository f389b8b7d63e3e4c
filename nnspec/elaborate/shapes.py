"""`[N, C, H, W]` as a step: checked against what flows, and new names bound to it."""

from __future__ import annotations

from typing import Any

from nnspec.dims import Size, Undecidable, bounds, equal, solve, symbol
from nnspec.elaborate import arithmetic
from nnspec.elaborate.expressions import Expressions
from nnspec.elaborate.mistakes import (
    BadOperation,
    Misplaced,
    ShapeMismatch,
    TooMuch,
    WrongKind,
)
from nnspec.elaborate.values import (
    Tensor,
    kind,
)
from nnspec.syntax import tree as t


class Shapes(Expressions):
    """Matches shapes."""

    def match_shape(self, node: t.ListOf) -> Any:
        """`[N, C, H, W]`: check the shape of what flows, and bind the names that are new."""
        value = self.incoming(node, "a shape")
        if not isinstance(value, Tensor):
            self.fail(WrongKind(self.span(node), "one tensor before a shape", kind(value)))
        self.match(node, value.type.shape)
        value.place = value.place or self.span(node)
        return value

    def match(self, node: t.ListOf, actual: tuple[Size, ...], way_out: str | None = None) -> None:
        """Match the sizes of a shape in order; names that are not known are bound to what stands there.

        `way_out` is the advice where the shape is not that of a step.
        """
        shown = f"[{', '.join(map(str, actual))}]"
        if len(node.items) != len(actual):
            reason = f"{len(node.items)} dimensions are written, and the value has {len(actual)}"
            self.fail(ShapeMismatch(self.span(node), self.span(node).text, shown, reason, way_out))
        for item, size in zip(node.items, actual, strict=True):
            if isinstance(item, t.Name) and item.text == "_":
                continue
            pattern, bound = self.pattern(item)
            agreed = equal(pattern, size)
            if agreed is not True and bound is not None:
                solved = solve(pattern, size)
                agreed = solved is not None and not _below_one(solved[1]) and _within(solved[1], solved[0].bounds[1])
                if solved is not None and agreed:
                    self.environment.names[bound] = solved[1]
            if agreed is not True:
                written = self.span(item).text
                reason = f"here it is {size}"
                if written != str(pattern):
                    reason = f"{written} is {pattern}, and {reason}"
                advice = way_out
                if bound is not None and "<=" in written:
                    reason = f"{size} is not known to keep to this bound"
                    advice = f"raise the bound, or let the value that arrives have a size with {written}"
                elif bound is not None:
                    reason = f"{size} is not known to be {pattern} for a whole number {bound}"
                    advice = f"let the value that arrives have a size of the form {pattern}"
                self.fail(ShapeMismatch(self.span(item), written, str(size), reason, advice))

    def pattern(self, item: t.Expression) -> tuple[Size, str | None]:
        """A dimension as written: its size, and the name in it that is new, as a symbol of its own."""
        maximum = None
        if isinstance(item, t.Operation) and item.operators == ("<=",) and isinstance(item.operands[0], t.Name):
            maximum = self.number(item.operands[1], "a number as the bound of a dimension")
            item = item.operands[0]
        # a parameter that is `none` leaves the dimension open, as a name that nothing declares does
        unknown = sorted({name for name in _names(item) if self.environment.find(name)[1] is None})
        if len(unknown) > 1:
            what = f"a dimension with two new names ({', '.join(unknown)})"
            self.fail(Misplaced(self.span(item), what, "name one dimension at a time"))
        for name in unknown:
            self.environment.names[name] = symbol(name, maximum=maximum)
        try:
            size = self.evaluate(item)
        except Undecidable as problem:
            self.fail(BadOperation(self.span(item), str(problem)))
        if not arithmetic.is_size(size):
            self.fail(WrongKind(self.span(item), "a size", kind(size)))
        if isinstance(size, int) and size < 0:
            self.fail(BadOperation(self.span(item), f"a dimension cannot be {size}"))
        bound = self.shared.limits.size
        if isinstance(size, int) and size > bound:
            self.fail(TooMuch(self.span(item), f"the dimension {size}", "size", bound))
        if isinstance(size, int) and maximum is not None and size > maximum:
            what = f"{item.text if isinstance(item, t.Name) else size} <= {maximum}"
            self.fail(ShapeMismatch(self.span(item), what, str(size), f"the bound is {maximum}"))
        return size, unknown[0] if unknown else None


def _below_one(size: Size) -> bool:
    return isinstance(size, int) and size < 1


def _within(size: Size, maximum: int | None) -> bool:
    """Whether a size is known to be at most `maximum`."""
    if maximum is None:
        return True
    high = bounds(size)[1]
    return high is not None and high <= maximum


def _names(node: Any) -> set[str]:
    """The names in an arithmetic expression."""
    match node:
        case t.Name():
            return {node.text}
        case t.Operation():
            return set().union(*map(_names, node.operands))
        case t.Negate():
            return _names(node.operand)
    return set()
