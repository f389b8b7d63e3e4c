"""The expressions of a recipe over tensors: losses, metrics and samples, and the values that they use.

Their inputs are the fields of the data and the outputs of the model, by name; only those that are used become inputs
of a program. `_` is the model's first output. What is wrong has no tensor, and does not keep what stands behind it from
being looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnspec.dims import Size
from nnspec.elaborate.builder.part import part
from nnspec.elaborate.builder.scope import Scope
from nnspec.elaborate.builder.tensor import INVALID, Flow, Invalid, Tensor
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.evaluate.expression import evaluate
from nnspec.elaborate.frame import Elaboration, Environment, Failed, Frame
from nnspec.elaborate.mistakes import WrongKind
from nnspec.elaborate.statements.chains import chain_value
from nnspec.elaborate.statements.run import run
from nnspec.ir import Program
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.lines import Value
from nnspec.recipe.mistakes import NoLoss, NotOneNumber, TwoMeanings
from nnspec.recipe.plan import Plan
from nnspec.recipe.written import Written, lone_expression
from nnspec.syntax import tree as t
from nnspec.syntax.walk import labels_in

BATCH = "batch"  # what a recipe calls the number of samples
Results = dict[str, Tensor | None]  # by name; None for what is wrong, or what only the data itself knows


def recipe_frame(
    plan: Plan,
    fields: Mapping[str, TensorType | None],
    batch: Size,
    shared: Elaboration,
    program: Program | None = None,
    *,
    evaluation: bool = False,
) -> Frame:
    """The frame of a recipe, with the fields of the data, the outputs of a model, and the values of the block.

    In evaluation, outputs that exist in training only cannot be used.
    """
    scope = Scope(plan.name, "model")
    around = f"the data has {', '.join(fields)}"
    if program is not None:
        around += f"; the model gives {', '.join(port.name for port in program.main.outputs)}"
    frame = Frame(shared, plan.declarations, scope, Environment(), around=around)
    frame.define(BATCH, batch)
    for field, type in fields.items():
        frame.define(field, INVALID if type is None else scope.add_input(field, type))
    if program is None:
        return _define(_taken_over(frame, plan), plan.values) if plan.builds else frame
    flow: Flow = None
    for port in program.main.outputs:
        if port.name in fields:
            frame.fail(TwoMeanings(None, port.name))
        given = program.main.values[port.value]
        tensor = scope.add_input(port.name, given, training=port.training and evaluation)
        frame.define(port.name, tensor)
        flow = flow or tensor
    return _define(_taken_over(frame.with_flow(flow), plan), plan.values)


def losses(plan: Plan, frame: Frame) -> Results:
    """The loss of each phase, which sees the values and labels of those before it."""
    found: Results = {}
    for phase in plan.phases:
        inner = _define(_inside(frame), phase.values)
        if phase.loss is None:
            if phase.name:  # told where the phase was read
                raise Failed
            frame.fail(NoLoss(None, plan.name, "it has networks of its own, and no `loss`"))
        found |= one_number(inner, f"{phase.name}_loss" if phase.name else "loss", phase.loss)
        _keep_labels(inner, frame)
        _poison(frame, (phase.values, phase.loss.node))
    return found


def metrics(frame: Frame, written: Written | None) -> Results:
    """Every metric by its name: that of its function, numbered where two have one."""
    if written is None:
        return {}
    node = lone_expression(written.node) or written.node
    found: Results = {}
    for item in node.items if isinstance(node, t.ListOf) else (node,):
        head = item.base if isinstance(item, t.Postfix) else item
        name = stem = head.text if isinstance(head, t.Name) and head.text != "_" else "metric"
        number = 1
        while name in found or name == "loss":
            number += 1
            name = f"{stem}_{number}"
        found |= one_number(frame, name, Written(item, written.declarations), "metric")
    return found


def sample(frame: Frame, written: Written | None) -> Results:
    """The pictures that show what was learnt."""
    return {} if written is None else {"sample": _tensor(frame, "sample", written, _need_pictures)}


def one_number(frame: Frame, name: str, written: Written, key: str = "loss") -> Results:
    """The tensor that an expression gives, under this name; it must be one number."""
    return {name: _tensor(frame, key, written, _need_one_number)}


def complete(results: Results) -> dict[str, Tensor] | None:
    """The results, if none is missing."""
    found = {name: tensor for name, tensor in results.items() if tensor is not None}
    return found if len(found) == len(results) else None


def program_of(frame: Frame, name: str, results: dict[str, Tensor]) -> Program:
    """The program that computes these tensors, and nothing else."""
    modules = frame.shared.modules
    module = part(frame.scope, results).finish().model_copy(update={"name": name})
    return modules.program(modules.add(module))


def _define(frame: Frame, values: tuple[Value, ...]) -> Frame:
    """The frame in which values of the recipe are known: of the network, or numbers (`smoothing = 0.1`)."""
    for statement in values:
        frame = frame.with_flow(run(frame, statement))
    _poison(frame, values)
    return frame


def _taken_over(frame: Frame, plan: Plan) -> Frame:
    """The frame in which values of the recipe that is taken over are known, too."""
    over = plan.over
    while over is not None:
        frame = _define(frame.replace(declarations=over.declarations), over.values)
        over = over.over
    return frame.replace(declarations=plan.declarations)


def _tensor(
    frame: Frame, key: str, written: Written, need: Callable[[Frame, str, Written, Tensor], None]
) -> Tensor | None:
    """The tensor that an expression gives; None, and its labels tell nothing more, where it is wrong."""
    inner, node = _inside(frame, written.declarations), written.node
    try:
        value = chain_value(inner, node) if isinstance(node, t.Chain) else evaluate(inner, node)
        _keep_labels(inner, frame)
        if isinstance(value, Invalid):
            raise Failed  # it is wrong already, and has told why
        if not isinstance(value, Tensor):
            inner.fail(NotOneNumber(inner.span(node), key, describe(value)))
        need(inner, key, written, value)
        return value
    except Failed:
        _poison(frame, node)
        return None


def _need_one_number(frame: Frame, key: str, written: Written, value: Tensor) -> None:
    if value.type != TensorType("float", ()):
        frame.fail(NotOneNumber(frame.span(written.node), key, f"a {value.type.dtype} tensor {value.type}"))


def _need_pictures(frame: Frame, key: str, written: Written, value: Tensor) -> None:
    if value.type.rank != 4 or value.type.dtype != "float" or value.type.shape[1] not in (1, 3):
        needed = "pictures [N, 1, H, W] or [N, 3, H, W]"
        frame.fail(WrongKind(frame.span(written.node), needed, f"{kind(value)} {value.type}"))


def _inside(frame: Frame, declarations: Declarations | None = None) -> Frame:
    """A frame that sees the names of this one, and those of another text."""
    around = Environment(frame.environment)
    return frame.replace(environment=around, declarations=declarations or frame.declarations)


def _keep_labels(inner: Frame, outer: Frame) -> None:
    """Keep the labels of an expression or a phase, so that they can be applied again behind it."""
    for label in inner.scope.steps:
        if label in inner.environment.names:
            outer.environment.names.setdefault(label, inner.environment.names[label])


def _poison(frame: Frame, node: object) -> None:
    """Labels that a mistake keeps from meaning anything tell nothing more."""
    for label in labels_in(node):
        frame.environment.names.setdefault(label, INVALID)
