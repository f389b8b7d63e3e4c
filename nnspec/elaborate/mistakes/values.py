"""Mistakes in compile-time values and conditions."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic
from nnspec.elaborate.mistakes.wording import CHOOSE, listed


class WrongKind(Diagnostic):
    """A value of one kind stands where another is needed, such as a tensor where a number must be known."""

    code = "E0211"
    needed: str
    found: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.needed} is needed here, and this is {self.found}"

    @property
    def help(self) -> str | None:
        return self.advice or (CHOOSE if self.found.endswith(" values") else f"write {self.needed} here")


class BadOperation(Diagnostic):
    """An operator, a function or a subscript cannot be applied to these values."""

    code = "E0212"
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        return self.advice or "change the values that it is applied to"


class UnknownSize(Diagnostic):
    """A decision depends on a size that is a symbol.

    `if C != 64` needs to know C. Give the dimension a number in the input's shape, or decide on an argument instead.
    """

    code = "E0213"
    question: str

    @property
    def message(self) -> str:
        return f"whether {self.question} depends on a symbol"

    @property
    def help(self) -> str | None:
        return "give the dimension a number in the input's shape"


class Required(Diagnostic):
    """A `require` of the block or model does not hold for these arguments."""

    code = "E0214"
    text: str
    values: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        return self.text

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"here {listed(self.values)}",) if self.values else ()

    @property
    def help(self) -> str | None:
        return "change the arguments so that the condition holds"


class NotConstant(Diagnostic):
    """The contents of a `Buffer`, and the start of a `Parameter`, must follow from constants.

    `mask: Buffer(tril(ones([64, 64])))` is computed once, where the module is built: from numbers, lists, `Range`,
    `zeros`, `ones`, `full`, random numbers, and layers and blocks without weights that are applied to such. No input of
    the model, no weight and no size that only a run knows can be in it.
    """

    code = "E0259"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} takes what follows from constants: {self.reason}"

    @property
    def help(self) -> str | None:
        return "make it of numbers, lists, Range(8), zeros([8, 8]), ...; what is computed at each run needs no buffer"


class AmbiguousIndex(Diagnostic):
    """One number behind a step with several results may choose one of them, or an element of the first.

    A layer such as `LSTM` names its first result as its value: `rnn` is the sequence, and `rnn.state` the last state.
    In torch, `rnn[0]` would be the sequence; here it would be the first element of it.
    """

    code = "E0251"
    base: str
    index: int
    results: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.base}[{self.index}] may be one of {len(self.results)} results, or an element of the first"

    @property
    def help(self) -> str | None:
        others = listed(tuple(f"{self.base}.{name}" for name in self.results[1:]))
        element = f"an element of the first: {self.base}[{self.index}, ...]"
        return f"the results are {self.base} itself, and {others}\n{element}"
