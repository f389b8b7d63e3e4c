"""The place where `cache_features` divides a model, and the reasons why some cannot be divided.

The boundary is found in the graph: a call is settled if its inputs are, if none of its weights is trained, and if each
of its layers gives a sample the same every time in the mode in which it is trained.
"""

from __future__ import annotations

from typing import NoReturn

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.ir import Program
from nnspec.ir.divide import Divided, divide
from nnspec.ir.program import Call
from nnspec.ir.state import state_dict
from nnspec.layers.base import Layer
from nnspec.recipe.objective import Objective
from nnspec.recipe.parts import within
from nnspec.recipe.plan import Plan


class CannotCache(Diagnostic):
    """`cache_features` needs parts that give each sample the same in every epoch: frozen ones, from the inputs on.

    What they give is computed once, and the parts behind them are trained on it. So nothing may change the samples, no
    frozen part may be trained later, and a layer behind a dropout or another random layer is computed each time.
    """

    code = "E0626"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"features cannot be computed once for each sample: {self.reason}"


def check_cacheable(objective: Objective, plan: Plan, strategy: str | None = None) -> None:
    """Check that a recipe leaves each sample and what is frozen as they are.

    Raises:
        SpecError: it does not.
    """
    recipe = plan.recipe
    reasons = {
        "its recipe builds networks of its own": plan.builds,
        "`augment` changes the samples each time": bool(recipe.augment),
        "`thaw` trains the frozen parts later": recipe.thaw is not None,
        "the loss has derivatives in it, which need the whole model": objective.derives,
        f"--strategy {strategy} spreads the whole model": strategy is not None,
    }
    for reason, holds in reasons.items():
        if holds:
            refuse(plan.places.get("cache_features"), reason, "leave out either that or cache_features")


def divide_at_frozen(program: Program, plan: Plan) -> Divided:
    """The model, divided behind what is frozen.

    Raises:
        SpecError: nothing that is frozen comes before what is trained.
    """
    view = _Settled(program, plan.recipe.freeze)
    divided = divide(program, view.settled, view.mixed)
    labels = [label for call in divided.first.main.calls for label in call.labels]
    if not any(within(name, tuple(labels)) for name in view.frozen):
        span = plan.places.get("cache_features")
        refuse(span, "nothing that is frozen comes before what is trained", "name the first parts: freeze = [...]")
    return divided


def refuse(span: Span | None, reason: str, advice: str) -> NoReturn:
    """Features cannot be cached, for this reason.

    Raises:
        SpecError: always.
    """
    raise SpecError.of(CannotCache(span, reason, advice))


class _Settled:
    """The calls of a program that give the same each time, while it is trained with these parts frozen."""

    def __init__(self, program: Program, parts: tuple[str, ...]) -> None:
        self.program = program
        self.parts = parts
        weights = [entry for entry in state_dict(program) if not entry.weight.buffer]
        still = {entry.key for entry in weights if not entry.weight.trainable or within(entry.key, parts)}
        self.frozen = {entry.key for entry in weights if (entry.tied_to or entry.key) in still}
        self.trained = {entry.key for entry in weights} - self.frozen

    def settled(self, call: Call) -> bool:
        """Whether a call of the model gives the same for the same inputs."""
        labels = tuple(call.labels)
        return not any(within(name, labels) for name in self.trained) and self._steady(call, "")

    def mixed(self, call: Call) -> bool:
        """Whether a part of what a call applies may be settled."""
        labels = tuple(call.labels)
        return any(within(name, labels) for name in self.frozen) and not self.settled(call)

    def _steady(self, call: Call, path: str) -> bool:
        if isinstance(call.callee, Layer):
            paths = [f"{path}{label}" for label in call.labels] or [path.rstrip(".")]
            return all(call.callee.steady(not within(each, self.parts)) for each in paths)
        inner = self.program.modules[call.callee].calls
        return not any(each.training for each in inner) and all(
            self._steady(each, f"{path}{label}.") for label in call.labels for each in inner
        )
