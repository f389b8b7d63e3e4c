"""The end of a module: what was reached into is freed of what nobody needs, and the order of labels is checked."""

from __future__ import annotations

from nnspec.diagnostics import nearest
from nnspec.elaborate.builder import interior
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import UnknownName
from nnspec.ir import Module
from nnspec.syntax import tree as t
from nnspec.syntax.walk import labels_in


def finish(
    frame: Frame, node: Placed, body: t.Body, arguments: dict[str, object] | None = None, documentation: str = ""
) -> Module:
    """The module of a frame's scope, which has run a body."""
    scope = frame.scope
    for label, span in list(scope.order.items()):
        if scope.has(label):
            continue
        if any(f"{other}.".startswith(f"{label}.") for other in labels_in(body)):
            del scope.order[label]  # of a step under an `if` that does not hold
        else:
            advice = "`order` names labels of the steps behind it in the same body"
            frame.report(UnknownName(span, label, nearest(label, scope.steps), advice))
    used = {wire for call in scope.calls for wire in call.inputs} | {tensor.wire for _, tensor in scope.outputs}
    again = {call.label for call in scope.calls if call.shared}
    for call in scope.calls:
        if not call.reached_into or call.label in again:
            continue
        keep = tuple(index for index, wire in enumerate(call.outputs) if wire in used)
        if len(keep) < len(call.outputs) and keep:
            assert isinstance(call.callee, str)
            call.callee = interior.prune(frame.shared.modules, call.callee, keep)
            call.outputs = [call.outputs[index] for index in keep]
    return scope.finish(frame.place(node), arguments, documentation)
