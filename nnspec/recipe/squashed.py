"""Losses that get scores of another kind than they take: softmax before a loss that takes the softmax itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Label, Span
from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer, Scores
from nnspec.layers.families.dropout import Dropout
from nnspec.layers.families.elementwise import Log
from nnspec.recipe.objective import Objective

ALREADY = {
    "CrossEntropyLoss": "the softmax of its input",
    "BCEWithLogitsLoss": "the sigmoid of its input",
    "FocalLoss": "the sigmoid of its input",
}


class WrongScores(Diagnostic):
    """A loss gets scores of another kind than it takes.

    `cross_entropy`, `binary_cross_entropy_with_logits` and `focal` take logits, any numbers, and squash them
    themselves: a softmax or a sigmoid before them squashes twice, and the network learns slowly and worse. `nll_loss`
    and `ctc` take the logarithms of probabilities, `binary_cross_entropy` and `dice_loss` take probabilities.
    """

    code = "W0645"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    loss: str
    takes: Scores
    squashes: str | None
    gets: Scores
    maker: str
    made: Span | None  # where they are made

    @property
    def message(self) -> str:
        if self.squashes is None:
            return f"`{self.loss}` takes {self.takes}, and gets the {self.gets} of {self.maker}"
        twice = ", so it has no effect" if self.gets == "log-probabilities" else ": they are squashed twice"
        return f"`{self.loss}` takes {self.squashes} itself, and gets the {self.gets} of {self.maker}{twice}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.made, f"{self.maker} gives {self.gets}"),) if self.made is not None else ()

    @property
    def help(self) -> str | None:
        if self.squashes is not None:
            return f"leave {self.maker} out of the loss: let the model give logits, or give both as outputs"
        ways = {
            "log-probabilities": "write log_softmax(..., dim = 1), or cross_entropy of logits",
            "probabilities": "write sigmoid(...), or a loss that takes logits: binary_cross_entropy_with_logits",
        }
        return ways.get(self.takes)


def wrong_scores(objective: Objective, model: Program | None, places: Mapping[str, Span]) -> Iterator[WrongScores]:
    """Warnings about the losses.

    Args:
        objective: with the losses.
        model: whose outputs they judge; None where they build networks themselves.
        places: some span of each text by its name.
    """
    for program in objective.losses:
        for module in (program.modules[key] for key in program.order):
            for call in module.calls:
                if isinstance(call.callee, Layer) and call.callee.expects is not None:
                    found = _Trace(program, model).maker(module, call.inputs[0])
                    if found is not None:
                        yield from _judged(call, call.callee, *found, places)


def _judged(call: Call, loss: Layer, maker: Call, gets: Scores, places: Mapping[str, Span]) -> Iterator[WrongScores]:
    takes, own, other = loss.expects, _span(call, places), _span(maker, places)
    assert takes is not None and isinstance(maker.callee, Layer)
    if gets != takes:
        made = other if own is not None and own != other else None
        name = loss.function or loss.kind
        yield WrongScores(own or other, name, takes, ALREADY.get(loss.kind), gets, maker.callee.kind, made)


def _span(call: Call, places: Mapping[str, Span]) -> Span | None:
    known = places.get(call.place.file) if call.place else None
    return Span(known.source, call.place.start, call.place.end) if known and call.place else None


class _Trace:
    """Where a value comes from, back through what only moves elements."""

    def __init__(self, program: Program, model: Program | None) -> None:
        self.program = program
        self.model = model

    def maker(self, module: Module, value: str) -> tuple[Call, Scores] | None:
        """The call that made scores of it, and of which kind they are."""
        call = next((each for each in module.calls if value in each.outputs), None)
        if call is None:
            return self._of_model(module, value)
        if isinstance(call.callee, str):
            inner = self.program.modules[call.callee]
            port = inner.outputs[call.outputs.index(value)] if not (call.scan or call.routed) else None
            return self.maker(inner, port.value) if port else None
        if call.callee.makes is not None:
            return call, call.callee.makes
        if isinstance(call.callee, Log):
            found = self.maker(module, call.inputs[0])
            return (call, "log-probabilities") if found and found[1] == "probabilities" else None
        if call.callee.rearranges or isinstance(call.callee, Dropout):
            return self.maker(module, call.inputs[0])
        return None

    def _of_model(self, module: Module, value: str) -> tuple[Call, Scores] | None:
        """The same, of an input of the loss that the model gives."""
        if self.model is None or module is not self.program.main:
            return None
        names = {port.value: port.name for port in module.inputs}
        port = next((port for port in self.model.main.outputs if port.name == names.get(value)), None)
        return _Trace(self.model, None).maker(self.model.main, port.value) if port else None
