"""Names that nothing gives, in blocks that no model comes by and branches that it does not take."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Sink, Span, nearest
from nnspec.elaborate import words
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.evaluate.arithmetic import FUNCTIONS
from nnspec.elaborate.evaluate.names import is_built_in
from nnspec.elaborate.mistakes import UnknownName
from nnspec.layers import registry
from nnspec.syntax import tree as t
from nnspec.syntax.walk import givers, nodes


class UnknownElsewhere(UnknownName):
    """A name that nothing gives is used where the model does not come by, such as a block that nobody calls.

    The model is what it would be without that line. Who calls the block, or takes the branch, is told of a mistake.
    """

    code = "W0516"
    severity: ClassVar[Literal["error", "warning"]] = "warning"


def doubt_names(declarations: Declarations, sink: Sink, model: str | None = None) -> None:
    """Tell of names that nothing gives; where the model comes by, that was told as a mistake.

    Other models of the file are made for themselves, and are told of then.
    """
    for each in declarations.tree.declarations:
        if isinstance(each, t.Block) or (isinstance(each, t.Model) and each.name.text == model):
            _doubt(each, declarations, sink)


def _doubt(node: t.Block | t.Model, declarations: Declarations, sink: Sink) -> None:
    known = {"_", *declarations.names, *declarations.broken}
    known.update(part for each in givers(node) for part in (each.text, each.text.partition(".")[0]))
    pieces = list(nodes(node))
    spelt = any(isinstance(each, t.Item) and isinstance(each.label, t.Text) for each in pieces)
    for each in pieces[::-1]:
        if not isinstance(each, t.Name) or each.text in known or is_built_in(each.text):
            continue
        if spelt and not each.text[:1].isupper():
            continue  # it may be the label that a string spells
        others = [*known, *registry.names(), *registry.words("function"), *FUNCTIONS]
        close = nearest(each.text, others)
        advice = None if close is not None else words.of_name(each.text, None)
        sink.add(UnknownElsewhere(Span(declarations.source, each.start, each.end), each.text, close, advice))
