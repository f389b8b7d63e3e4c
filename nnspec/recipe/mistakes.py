"""Mistakes in a `train` block."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic

OF_FUNCTIONS = ("LambdaLR", "MultiplicativeLR")  # schedules of torch that no text can hold


class UnknownKey(Diagnostic):
    """A `train` block has no such key, and nothing in it uses the value.

    `nnspec explain train` lists the keys. Any other name is a value of its own, which a later line must use.
    """

    code = "E0601"
    name: str
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"a recipe has no key `{self.name}`"

    @property
    def help(self) -> str | None:
        return f"did you mean `{self.suggestion}`?" if self.suggestion else f"its keys are {', '.join(self.known)}"


class UnknownChoice(Diagnostic):
    """A key of the recipe has no such choice; an optimizer, a schedule or a data set is written by its name."""

    code = "E0602"
    key: str
    name: str
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"`{self.name}` is nothing that {self.key} can be"

    @property
    def help(self) -> str | None:
        if self.name in OF_FUNCTIONS:
            return "it is made of a function of Python: register a schedule of your own, and name it by --plugin"
        return f"did you mean `{self.suggestion}`?" if self.suggestion else f"write one of {', '.join(self.known)}"


class NotOneNumber(Diagnostic):
    """A loss or a metric must be one number (of type float); this is a tensor, or not known to come from the data."""

    code = "E0603"
    key: str
    found: str

    @property
    def message(self) -> str:
        return f"the {self.key} must be one number that is computed from the data, and this is {self.found}"

    @property
    def help(self) -> str | None:
        return "reduce it: mean(...), or sum(...) / batch"


class NoLoss(Diagnostic):
    """The spec says nothing of a loss, and the model is no classifier of the data, for which there is a default.

    Without a `train` block a model is trained by the cross entropy of its only output, [N, classes], with the field
    `label` of the data.
    """

    code = "E0604"
    model: str
    reason: str

    @property
    def message(self) -> str:
        return f"nothing says what {self.model} is trained for: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write it: train { loss = mse(recon, image) }"


class OtherModel(Diagnostic):
    """A `train` block names a model that this file does not have.

    Only a block that builds networks of its own, with phases or labels, has a name of its own.
    """

    code = "E0605"
    name: str
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"this recipe is for {self.name}, and the file has no such model"

    @property
    def help(self) -> str | None:
        return f"did you mean {self.suggestion}?" if self.suggestion else "leave the name out, or name a model"


class TwoMeanings(Diagnostic):
    """A field of the data and an output of the model have one name, so that a loss cannot tell them apart."""

    code = "E0606"
    name: str

    @property
    def message(self) -> str:
        return f"`{self.name}` is a field of the data and an output of the model"

    @property
    def help(self) -> str | None:
        return "call the output something else"


class PhaseWithoutLoss(Diagnostic):
    """A phase of a `train` block does not say what its weights are changed for."""

    code = "E0607"
    name: str

    @property
    def message(self) -> str:
        return f"the phase {self.name} has no loss"

    @property
    def help(self) -> str | None:
        return "write `loss = ...` in it"


class NothingToUpdate(Diagnostic):
    """A phase has no weights to change: its loss uses no network, or `update` names a part that it does not use."""

    code = "E0608"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} changes nothing: {self.reason}"

    @property
    def help(self) -> str | None:
        return "let the loss depend on a labelled network: fake -> discriminator: Discriminator"


class DataMismatch(Diagnostic):
    """The data does not have what the model's input asks for: no such field, another element type or another shape.

    Pictures are brought to the size and the channels of the input; anything else must fit as it is.
    """

    code = "E0612"
    input: str
    problem: str
    advice: str

    @property
    def message(self) -> str:
        return f"the model's input {self.input} {self.problem}"


class TooFewClasses(Diagnostic):
    """The data has more classes than the model has outputs for them."""

    code = "E0613"
    field: str
    found: int
    classes: int

    @property
    def message(self) -> str:
        return f"the model tells {self.classes} classes apart, and `{self.field}` of the data has {self.found}"

    @property
    def help(self) -> str | None:
        return f"give the model as many: --set classes={self.found}, if that is what its parameter is called"


class NoSuchPart(Diagnostic):
    """`freeze` names a part that the model does not have, or leaves nothing to train."""

    code = "E0616"
    name: str
    reason: str
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"`{self.name}` {self.reason}"

    @property
    def help(self) -> str | None:
        return f"did you mean `{self.suggestion}`?" if self.suggestion else f"name some of {', '.join(self.known[:12])}"


class Absent(Diagnostic):
    """A recipe names a file or a folder that is not here.

    The recipe may be right on another machine; what the data would say of names and shapes is not checked then.
    """

    code = "W0270"
    severity = "warning"
    path: str
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"there is no {self.path} here, which the recipe needs"

    @property
    def help(self) -> str | None:
        close = f"did you mean {self.suggestion}? " if self.suggestion else ""
        return f"{close}a path starts from the folder of the spec; what is in it is not checked now"


class NoGradient(Diagnostic):
    """A loss depends on no weights that are trained, or only by way of what has no derivative.

    No derivative passes `detach`, comparisons, `argmax` and whatever else gives no floats.
    """

    code = "E0630"

    @property
    def message(self) -> str:
        return "no weights that are trained change this loss"

    @property
    def help(self) -> str | None:
        return (
            "let it depend on what the model gives; see that `freeze`, `update` and `detach` leave something to learn"
        )


class NoDirection(Diagnostic):
    """The best weights are chosen by the first metric, and nothing tells whether more of it is better, or less.

    Of the metrics and losses that nnspec has it is known, and it is followed through arithmetic: `100 * accuracy(...)`
    is better when it is higher, `exp(cross_entropy(...))` when it is lower. What compares in other ways must say so;
    otherwise no epoch is the best, and the last weights are kept alone.
    """

    code = "W0646"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    name: str

    @property
    def message(self) -> str:
        return f"nothing tells whether more of `{self.name}` is better, or less: no weights are kept as the best"

    @property
    def help(self) -> str | None:
        return 'say it in the recipe: better = "higher", or better = "lower"; or let another metric come first'


class NothingToStopBy(NoDirection):
    """`early_stopping` waits for a better value of the first metric, and nothing tells which values are better.

    Of the metrics and losses that nnspec has it is known, and it is followed through arithmetic.
    """

    code = "E0640"
    severity: ClassVar[Literal["error", "warning"]] = "error"

    @property
    def message(self) -> str:
        return f"`early_stopping` waits for better values of `{self.name}`, and nothing tells whether more is better"


class NothingBetter(Diagnostic):
    """`better` is about the first metric. Without metrics the best weights are those of the least loss."""

    code = "E0641"

    @property
    def message(self) -> str:
        return "there is no metric that `better` could be about"

    @property
    def help(self) -> str | None:
        return "write metrics = [...], or leave `better` out: a loss is better when it is lower"


class Unsuited(Diagnostic):
    """An optimizer or a schedule cannot be used with something else that the recipe says, or with this model.

    LBFGS computes the loss again and again with one learning rate for all weights, Muon is for matrices, a schedule
    that moves the momentum needs an optimizer that has one, and one that waits for better values must know which are.
    """

    code = "E0470"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason


class NotBalanced(Diagnostic):
    """`balanced` names a field that has no class for each sample, or one that is not known before the samples are read.

    Samples of shards and streams come as they are stored, so that no class can come more often than it does there.
    """

    code = "E0471"
    field: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"`balanced` is about {self.field}, which is no field with a class for each sample"

    @property
    def help(self) -> str | None:
        return f"name one of {', '.join(self.known)}" if self.known else "leave balanced out"
