"""`[N, C, H, W]`: checked against a shape, and new names bound to its sizes."""

from __future__ import annotations

from nnspec.dims import Size, Undecidable, bounds, equal, solve, symbol
from nnspec.elaborate.builder.call import Wire
from nnspec.elaborate.builder.tensor import Tensor
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.expression import evaluate, number
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import BadOperation, Misplaced, ShapeMismatch, TooMuch, WrongKind
from nnspec.elaborate.values import is_size
from nnspec.syntax import tree as t


def shape_step(frame: Frame, node: t.ListOf) -> Tensor:
    """`-> [N, C, H, W]`: what flows, whose shape is checked."""
    value = frame.incoming(node, "a shape")
    if not isinstance(value, Tensor):
        frame.fail(WrongKind(frame.span(node), "one tensor before a shape", kind(value)))
    match_shape(frame, node, value.type.shape, wire=value.wire if value.scope is frame.scope else None)
    return value if value.place else value.at(frame.span(node))


def match_shape(
    frame: Frame, node: t.ListOf, actual: tuple[Size, ...], way_out: str | None = None, wire: Wire | None = None
) -> None:
    """Match the sizes of a shape in order; names that are not known are bound to what stands there.

    `way_out` is the advice where the shape is not that of a step, whose value is `wire`.
    """
    written, dims = list(node.items), list(range(len(actual)))
    gaps = [place for place, item in enumerate(written) if isinstance(item, t.Ellipsis)]
    if len(gaps) > 1:
        frame.fail(Misplaced(frame.span(written[gaps[1]]), "a second `...`", "one stands for all that is left"))
    if len(written) - len(gaps) > len(actual) or (not gaps and len(written) < len(actual)):
        shown = f"[{', '.join(map(str, actual))}]"
        least = "at least " if gaps else ""
        reason = f"{least}{len(written) - len(gaps)} dimensions are written, and the value has {len(actual)}"
        frame.fail(ShapeMismatch(frame.span(node), frame.span(node).text, shown, reason, way_out))
    if gaps:
        (place,) = gaps
        rest = len(actual) - (len(written) - 1)
        actual = (*actual[:place], *actual[place + rest :])
        del dims[place : place + rest]
        del written[place]
    for item, size, dim in zip(written, actual, dims, strict=True):
        if isinstance(item, t.Name) and item.text == "_":
            continue
        bound = _match_size(frame, item, size, way_out)
        if bound and wire is not None and isinstance(size, int) and isinstance(item, t.Name):
            frame.name_size(item.text, wire, dim)


def _match_size(frame: Frame, item: t.Expression, size: Size, way_out: str | None) -> bool:
    """Match one size; whether a name was bound."""
    pattern, bound = written_size(frame, item)
    if bound is None and equal(pattern, size) is True:  # a new name has the bounds of what it is bound to
        return False
    solved = solve(pattern, size) if bound is not None else None
    if solved is not None and bound is not None:
        name, value = solved
        if not _below_one(value) and _within(value, name.bounds[1]):
            frame.define_dimension(bound, value)
            return True
    written = frame.span(item).text
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
    frame.fail(ShapeMismatch(frame.span(item), written, str(size), reason, advice))


def written_size(frame: Frame, item: t.Expression) -> tuple[Size, str | None]:
    """A dimension as written: its size, and the name in it that is new, as a symbol of its own."""
    maximum = None
    if isinstance(item, t.Operation) and item.operators == ("<=",) and isinstance(item.operands[0], t.Name):
        maximum = number(frame, item.operands[1], "a number as the bound of a dimension")
        item = item.operands[0]
    # a parameter that is `none` leaves the dimension open, as a name that nothing declares does
    unknown = sorted({name for name in _names(item) if frame.environment.find(name)[1] is None})
    if len(unknown) > 1:
        what = f"a dimension with two new names ({', '.join(unknown)})"
        frame.fail(Misplaced(frame.span(item), what, "name one dimension at a time"))
    for name in unknown:
        frame.define_dimension(name, symbol(name, maximum=maximum))
    try:
        size = evaluate(frame, item)
    except Undecidable as problem:
        frame.fail(BadOperation(frame.span(item), str(problem)))
    if not is_size(size):
        frame.fail(WrongKind(frame.span(item), "a size", kind(size)))
    if isinstance(size, int) and size < 0:
        frame.fail(BadOperation(frame.span(item), f"a dimension cannot be {size}"))
    bound = frame.shared.limits.size
    if isinstance(size, int) and size > bound:
        frame.fail(TooMuch(frame.span(item), f"the dimension {size}", "size", bound))
    if isinstance(size, int) and maximum is not None and size > maximum:
        what = f"{item.text if isinstance(item, t.Name) else size} <= {maximum}"
        frame.fail(ShapeMismatch(frame.span(item), what, str(size), f"the bound is {maximum}"))
    return size, unknown[0] if unknown else None


def _below_one(size: Size) -> bool:
    return isinstance(size, int) and size < 1


def _within(size: Size, maximum: int | None) -> bool:
    """Whether a size is known to be at most `maximum`."""
    if maximum is None:
        return True
    high = bounds(size)[1]
    return high is not None and high <= maximum


def _names(node: t.Expression) -> set[str]:
    """The names in an arithmetic expression."""
    match node:
        case t.Name():
            return {node.text}
        case t.Operation():
            return set().union(*map(_names, node.operands))
        case t.Negate():
            return _names(node.operand)
    return set()
