"""What a model is trained for: loss and metrics, elaborated to programs of their own by the machinery of models.

Their inputs are the fields of the data and the outputs of the model, by name; only those that are used become inputs
of the program. `_` is the model's first output.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.diagnostics import Sink, SpecError
from nnspec.elaborate.body import Body
from nnspec.elaborate.frame import Environment, Exhausted, Failed, Shared
from nnspec.elaborate.mistakes import NotSupportedYet
from nnspec.elaborate.recipe import DEFAULT_LOSS, DEFAULT_METRIC, Plan, Written, default_expression, lone_expression
from nnspec.elaborate.recipe_mistakes import NoLoss, NotOneNumber, TwoMeanings
from nnspec.elaborate.scope import PendingCall, Scope
from nnspec.elaborate.values import Tensor, describe
from nnspec.ir import Module, Program
from nnspec.ir.state import state_dict
from nnspec.layers.base import Layer, TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record
from nnspec.syntax import tree as t


class Objective(Record):
    """Programs over the data's fields and the model's outputs; every output is one number."""

    loss: Program
    metrics: Program | None
    in_evaluation: bool  # the loss can be computed without what exists in training only
    higher_is_better: bool  # of what the best weights are chosen by: the first metric, or the loss

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics in order."""
        return tuple(port.name for port in self.metrics.main.outputs) if self.metrics else ()

    @property
    def reads(self) -> set[str]:
        """The names that the loss uses."""
        return {port.name for port in self.loss.main.inputs}


def elaborate_objective(
    plan: Plan, program: Program, fields: Mapping[str, TensorType], limits: Limits = DEFAULT_LIMITS
) -> Objective:
    """Elaborate loss and metrics.

    Args:
        plan: the recipe.
        program: the model.
        fields: the types of the data's fields; the batch is the symbol that the model's inputs have for it.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: they have mistakes.
    """
    sink = Sink()
    try:
        written = plan.loss or _default(program, fields)
        metrics = plan.metrics or (default_expression(DEFAULT_METRIC) if plan.loss is None else None)
        loss = _Objectives(plan, program, fields, Shared(sink, limits), "Loss")
        numbers = {"loss": loss.one_number("loss", written)}
        made = loss.program(numbers)
        judge = _Objectives(plan, program, fields, Shared(sink, limits), "Metrics")
        judged = judge.program(judge.metrics(metrics)) if metrics else None
    except (Failed, Exhausted):
        raise SpecError(sink.found) from None
    sink.raise_errors()
    training = {port.name for port in program.main.outputs if port.training}
    used = {port.name for port in made.main.inputs}
    return Objective(made, judged, not used & training, judged is not None and _rises(judged.main))


def _default(program: Program, fields: Mapping[str, TensorType]) -> Written:
    """The cross entropy of a classifier.

    Raises:
        SpecError: the model is none, or the data has no classes.
    """
    outputs = [port for port in program.main.outputs if not port.training]
    types = [program.main.values[port.value] for port in outputs]
    reason = None
    if len(types) != 1 or types[0].rank != 2 or types[0].dtype != "float":
        gives = ", ".join(f"{port.name} {type}" for port, type in zip(outputs, types, strict=True))
        reason = f"it gives {gives}, not [N, classes]"
    elif "label" not in fields:
        reason = f"the data has {', '.join(fields)}, and no `label`"
    if reason:
        raise SpecError.of(NoLoss(None, program.main.name, reason))
    return default_expression(DEFAULT_LOSS)


class _Objectives(Body):
    """Evaluates the expressions of a recipe over tensors."""

    def __init__(
        self, plan: Plan, program: Program, fields: Mapping[str, TensorType], shared: Shared, name: str
    ) -> None:
        super().__init__(shared, plan.declarations, Scope(name, "model"), Environment(), ())
        self.plan = plan
        for field, type in fields.items():
            self.environment.names[field] = self.scope.add_input(field, type)
        for port in program.main.outputs:
            if port.name in fields:
                self.fail(TwoMeanings(None, port.name))
            tensor = self.scope.add_input(port.name, program.main.values[port.value])
            tensor.training = port.training and name == "Metrics"
            self.environment.names[port.name] = tensor
            self.flow = self.flow or tensor
        for statement in plan.values:
            self.define(statement)

    def define(self, statement: t.Bind | t.Let) -> None:
        """A value of the recipe: of the network, or a number (`smoothing = 0.1`)."""
        if isinstance(statement, t.Bind) and len(statement.names) == 1:
            value = lone_expression(statement.chain)
            if value is not None:
                statement = t.Let(statement.start, statement.end, statement.names[0], value)
        self.run(statement)

    def within(self, written: Written) -> Body:
        """A body of the text that the expression stands in, which sees the names of this one."""
        inner = Body(self.shared, written.declarations, self.scope, Environment(self.environment), ())
        inner.flow = self.flow
        return inner

    def one_number(self, key: str, written: Written) -> Tensor:
        """The tensor that an expression gives; it must be one number."""
        inner, node = self.within(written), written.node
        value = inner.chain_value(node) if isinstance(node, t.Chain) else inner.evaluate(node)
        if not isinstance(value, Tensor):
            if value is not None and not isinstance(value, (int, float, str, tuple)):
                raise Failed  # it is wrong already, and has told why
            inner.fail(NotOneNumber(inner.span(node), key, describe(value)))
        if value.type != TensorType("float", ()):
            inner.fail(NotOneNumber(inner.span(node), key, f"a {value.type.dtype} tensor {value.type}"))
        return value

    def metrics(self, written: Written) -> dict[str, Tensor]:
        """Every metric by its name: that of its function, numbered where two have one."""
        node = lone_expression(written.node) or written.node
        found: dict[str, Tensor] = {}
        for item in node.items if isinstance(node, t.ListOf) else (node,):
            head = item.base if isinstance(item, t.Postfix) else item
            name = stem = head.text if isinstance(head, t.Name) and head.text != "_" else "metric"
            number = 1
            while name in found or name == "loss":
                number += 1
                name = f"{stem}_{number}"
            try:
                found[name] = self.one_number("metric", Written(item, written.declarations))
            except Failed:
                continue
        return found

    def program(self, numbers: dict[str, Tensor]) -> Program:
        """The program that computes these numbers, and nothing else."""
        self.scope.outputs = list(numbers.items())
        needed = {tensor.name for tensor in numbers.values()}
        kept: list[PendingCall] = []
        for call in reversed(self.scope.calls):
            if needed & set(call.outputs):
                kept.insert(0, call)
                needed |= set(call.inputs)
        self.scope.calls = kept
        self.scope.inputs = [(name, tensor) for name, tensor in self.scope.inputs if tensor.name in needed]
        key = self.shared.add_module(self.finish())
        made = Program.model_construct(format=1, entry=key, modules=self.shared.modules)
        made = Program.model_construct(format=1, entry=key, modules={k: made.modules[k] for k in made.order})
        if next(state_dict(made), None) is not None:
            self.fail(NotSupportedYet(None, "a loss with weights of its own"))
        return made


def _rises(metrics: Module) -> bool:
    """Whether the first metric is better when it is greater."""
    call = next(call for call in metrics.calls if metrics.outputs[0].value in call.outputs)
    return isinstance(call.callee, Layer) and getattr(call.callee, "higher_is_better", False)


__all__ = ["Objective", "elaborate_objective"]
