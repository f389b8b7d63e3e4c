"""Labels: the paths of submodules, as a name, a dotted path, or a string."""

from __future__ import annotations

import re

from nnspec.elaborate.evaluate.expression import text
from nnspec.elaborate.evaluate.names import DEEPEST
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import AlreadyDeclared, Misplaced
from nnspec.elaborate.values import LENGTH
from nnspec.syntax import tree as t

_UNUSABLE = frozenset({"training", "_is_full_backward_hook", "_compiled_call_impl"})  # set by nn.Module at any time
_PATH = r"(?a:\w+(\.\w+)*)"


def new_label(frame: Frame, node: t.Identifier | t.Text) -> str:
    """The path that a label says; it must be usable, and free in the scope."""
    if isinstance(node, t.Text):
        label = text(frame, node)
        usable = all(part.isprintable() and part for part in label.split("."))
    else:
        label, usable = node.text, re.fullmatch(_PATH, node.text) is not None
    if not usable or label == "_":
        advice = 'a label is a name, a path of them with dots between, or a string: "block1-0.conv"'
        frame.fail(Misplaced(frame.span(node), "this label", advice))
    if label.count(".") > DEEPEST or len(label) > LENGTH:
        advice = f"write at most {DEEPEST} dots and {LENGTH:,} letters"
        frame.fail(Misplaced(frame.span(node), "so long a label", advice))
    if not _UNUSABLE.isdisjoint(label.split(".")):
        advice = "an nn.Module keeps something of its own under this name; choose another"
        frame.fail(Misplaced(frame.span(node), f"the label `{label}`", advice))
    clash = frame.scope.clash(label)
    if clash is not None:
        frame.fail(AlreadyDeclared(frame.span(node), label, clash.span, True))
    return label
