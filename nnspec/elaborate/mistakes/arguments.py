"""Mistakes in the arguments of layers and blocks."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class LayerArgument(Diagnostic):
    """An argument has a value that the layer, block or function cannot take."""

    code = "E0206"
    callee: str
    argument: str
    problem: str
    signature: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee}: {self.argument}{'' if self.problem.startswith(':') else ' '}{self.problem}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return self.advice or f"`nnspec explain {self.signature.partition('(')[0]}` says what it takes"


class UnknownArgument(Diagnostic):
    """A layer, block or model has no parameter of this name, or takes fewer by position.

    Sizes that follow from the incoming value (`in_channels`, `num_features`, ...) are not written in a spec.
    """

    code = "E0207"
    callee: str
    argument: str
    signature: str
    suggestion: str | None = None
    inferred: bool = False
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} has no parameter {self.argument}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        if self.advice:
            return self.advice
        if self.inferred:
            return f"leave it out: {self.argument} follows from the incoming value"
        return f"did you mean `{self.suggestion}`?" if self.suggestion else "remove it"


class TooManyArguments(Diagnostic):
    """A layer, block or model gets more arguments by position than it takes; the others are given by name.

    Of a layer, those arguments go by position that say what it is: `Conv2d(64, 3)` has 64 channels and a kernel of 3,
    `MaxPool2d(2)` a kernel of 2. How it does that goes by name: `stride = 2`, `eps = 1e-6`, `bias = false`.
    """

    code = "E0227"
    callee: str
    takes: int
    signature: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} takes {self.takes or 'no'} argument{'' if self.takes == 1 else 's'} by position"

    @property
    def label(self) -> str:
        return "one too many"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return self.advice or "remove it, or give it by name"


class InferredArgument(Diagnostic):
    """A size is given by position that follows from the incoming value, as in torch's `BatchNorm2d(16)`.

    What torch calls `in_channels`, `in_features`, `num_features`, `num_channels`, `normalized_shape`, `embed_dim` and
    `input_size` is the size of the value that arrives, and is not written.
    """

    code = "E0233"
    callee: str
    size: str
    written: str | None
    signature: str

    @property
    def message(self) -> str:
        return f"{self.callee} infers its {self.size}"

    @property
    def label(self) -> str:
        return "this is the size of what arrives"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return f"write `{self.written}`" if self.written else "leave it out"


class RepeatedArgument(Diagnostic):
    """An argument is given twice: by position and by name, or by name twice."""

    code = "E0228"
    callee: str
    argument: str
    signature: str = ""
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.callee} gets {self.argument} a second time"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",) if self.signature else ()

    @property
    def help(self) -> str | None:
        return self.advice or "give each argument once"


class MissingArgument(Diagnostic):
    """A layer, block or model needs an argument that is not given."""

    code = "E0208"
    callee: str
    argument: str
    signature: str

    @property
    def message(self) -> str:
        return f"{self.callee} needs {self.argument}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"signature: {self.signature}",)

    @property
    def help(self) -> str | None:
        return f"write {self.callee}({self.argument} = ...)"


class TensorArgument(Diagnostic):
    """A tensor is given for a parameter of a block, whose value must be known when the spec is compiled.

    Tensors are inputs: `block Adding: x, m { x + m }` takes them as `(x, m) -> Adding`, `(x, m = m) -> Adding` or
    `x -> Adding(m = m)`. `m?` is an input that may be left out.
    """

    code = "E0235"
    block: str
    parameter: str
    found: str

    @property
    def message(self) -> str:
        return f"{self.block}: the parameter {self.parameter} is no input, and gets {self.found}"

    @property
    def label(self) -> str:
        return "" if self.found == "a tensor" else "there is a tensor in it"

    @property
    def help(self) -> str | None:
        return f"make it an input: block {self.block}(...): x, {self.parameter} {{ ... }}"
