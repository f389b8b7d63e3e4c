"""Mistakes in what flows into a step."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Label, Span
from nnspec.elaborate.mistakes.wording import CHOOSE, first_line, ways_out


class LayerInput(Diagnostic):
    """A layer cannot take the value that arrives: wrong number of dimensions, element type, or a size that does
    not fit.

    The message says what the layer needs and what it gets; `nnspec explain LAYER` shows the layer's rules.
    """

    code = "E0205"
    layer: str
    problem: str
    advice: str | None = None
    incoming: Label | None = None
    kind: str = ""

    @property
    def message(self) -> str:
        return f"{self.layer}: {self.problem}" if self.layer[:1].isalpha() else f"{self.layer} {self.problem}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (self.incoming,) if self.incoming else ()

    @property
    def help(self) -> str | None:
        return self.advice or f"`nnspec explain {self.kind or self.layer}` says what it takes"


class WrongInputs(Diagnostic):
    """A step gets more or fewer tensors than it takes.

    A tuple feeds a step with several inputs: `(x, skip) -> Up(128)`. Optional inputs are passed by name.
    """

    code = "E0209"
    callee: str
    takes: str
    given: int
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} takes {self.takes}, and gets {self.given}"

    @property
    def help(self) -> str | None:
        if self.advice:
            return self.advice
        return f"feed it with a tuple: (a, b) -> {self.callee}" if self.given < 2 else f"give it fewer: {CHOOSE}"


class NoValue(Diagnostic):
    """A step needs an incoming value, and there is none: no `input` stands before it, or what was there has no
    result.
    """

    code = "E0210"
    what: str
    advice: str = "declare one first: input image: float[N, 3, 224, 224]"

    @property
    def message(self) -> str:
        return f"{self.what} needs a value, and none flows here"


class BindingWithoutValue(Diagnostic):
    """A line `name = ...` begins with a step, and does not say what the step is applied to.

    `name = chain` gives a name to a value and leaves the flow where it is: the next line goes on from what came before.
    So the chain begins with a value: a name, `_` for the value that flows, or what needs none, such as `Range(T)`.
    `name: Layer(...)` is a step of the flow, and its value has the name too. A layer alone, `name = Layer(...)`, is
    held by the name, and applied where that stands behind an arrow.
    """

    code = "E0232"
    names: str
    going_on: str | None  # the line as a step of the flow
    branching: str  # the line as a branch

    @property
    def message(self) -> str:
        return f"`{self.names} = ...` does not say what this is applied to"

    @property
    def label(self) -> str:
        return "the line below it would not go on from here"

    @property
    def help(self) -> str | None:
        return ways_out(self.going_on, self.branching)


class FlowEnded(Diagnostic):
    """A step needs an incoming value, and an output has ended the flow.

    `output name = Layer(...)` takes what flows: it is the end of the way. `output name = _ -> Layer(...)` branches off,
    and what flows flows on.
    """

    code = "E0248"
    what: str
    ended: Span

    @property
    def message(self) -> str:
        return f"{self.what} needs a value, and the flow has ended in an output"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.ended, "this takes what flows"),)

    @property
    def help(self) -> str | None:
        output, _, chain = self.ended.text.partition("=")
        name = output.split()[-1]
        branch = first_line(f"{output.strip()} = _ -> {chain.strip()}")
        return f"to go on from its value: {name} -> ...\nto branch off there: {branch}"


class TrainingOnly(Diagnostic):
    """A value of a `training { ... }` block is used outside it: it does not exist when the model is evaluated."""

    code = "E0224"
    name: str

    @property
    def message(self) -> str:
        return f"the result of {self.name} exists in training only"

    @property
    def help(self) -> str | None:
        return "use it inside a `training { ... }` block"
