"""`(a, mask = b)`: tensors that flow together, some for an input by its name."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.elaborate.builder.tensor import ByName, Invalid, Several, Tensor
from nnspec.elaborate.describe import kind
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import Misplaced, RepeatedArgument, WrongKind
from nnspec.elaborate.values import Known
from nnspec.syntax import tree as t


def fed_value(frame: Frame, fed: t.Fed) -> Tensor | Several | Invalid | None:
    """The value of an element; None for an optional input of the block that is absent, and handed on by name."""
    item = fed.chain.items[0]
    if fed.name is not None and isinstance(item.step, t.Name) and len(fed.chain.items) == 1 and item.label is None:
        found, value = frame.environment.find(item.step.text)
        if found and value is None:
            return None
    return frame.shared.statements.chain_value(frame, fed.chain)


def fed_together(frame: Frame, node: t.Tuple, values: Sequence[Known], *, may_have_names: bool) -> Tensor | Several:
    """The tensors of a tuple."""
    plain: list[Tensor] = []
    named: dict[str, ByName] = {}
    for value, fed in zip(values, node.items, strict=True):
        if fed.name is None and isinstance(value, Tensor):
            plain.append(value)
        elif fed.name is None or not (value is None or isinstance(value, Tensor)):
            advice = None if isinstance(value, Several) else "write a list as [a, b]"
            frame.fail(WrongKind(frame.span(fed.chain), "a tensor", kind(value), advice))
        elif fed.name.text in named:
            frame.fail(RepeatedArgument(frame.span(fed.name), "this tuple", fed.name.text))
        else:  # None is an optional input of the block, handed on
            named[fed.name.text] = ByName(value, frame.span(fed.chain), frame.span(fed.name))
    if named and not may_have_names:
        frame.fail(misplaced_names(frame, node))
    return plain[0] if len(plain) == 1 and not named else Several.with_names(plain, named)


def misplaced_names(frame: Frame, node: Placed) -> Misplaced:
    """The mistake of inputs by name that do not flow into what has inputs with names."""
    way = "let them flow into a layer, a block or a label: (x, mask = seen) -> MultiheadAttention(8)"
    return Misplaced(frame.span(node), "a tuple with inputs by name", way)
