"""Mistakes in scans and mixtures: blocks that are applied many times."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class BadScan(Diagnostic):
    """A block cannot be scanned with here.

    `(each x along 1, carry h = start, m) -> scan Step(...)` gives the block one place of x after the other. What is
    carried keeps its type from step to step; several sequences have one length; and each other output must have a
    place for the dimension along which those of all steps stand: that of the first `each`.
    """

    code = "E0229"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} cannot be scanned with: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write (each x, carry state = start) -> scan Step(...), and block Step(...): x, state { ... }"


class ScanWithoutSteps(Diagnostic):
    """A scan has no sequence to walk along and no number of steps, or both.

    `(each x along 1, carry h = start) -> scan Step(...)` makes a step for each place of x along dimension 1, from the
    last to the first with `backward` behind the block. `(carry x) -> scan Step(...) for 10` makes ten steps.
    """

    code = "E0257"
    walks: bool
    backward: bool
    way: str | None

    @property
    def message(self) -> str:
        if self.walks:
            return "this scan walks along a sequence and has a number of steps, too"
        return "this scan does not say " + ("what it walks backward along" if self.backward else "what it walks along")

    @property
    def help(self) -> str | None:
        if self.walks:
            return "leave `for ...` out: there is a step for each place of the sequence"
        return f"say what each input is: {self.way}, or give a number of steps: scan Step(...) for 10"


class NotCarried(Diagnostic):
    """A scan carries an input for which the block has no output.

    `carry h = start` starts the input h; at each further step it is the block's output h, or the one result of the
    block. An input that is not carried has no output of its name, so that neither is taken for the other.
    """

    code = "E0258"
    name: str
    input: str
    outputs: tuple[str, ...]
    carried: bool

    @property
    def message(self) -> str:
        if self.carried:
            return f"{self.name} has no output {self.input} to carry to the next step"
        return f"{self.name} has an input and an output {self.input}, and this scan does not carry it"

    @property
    def help(self) -> str | None:
        if self.carried:
            return f"write `output {self.input} = ...` in {self.name}; its outputs are {', '.join(self.outputs)}"
        return f"write `carry {self.input} = ...`, or give the output another name"


class BadExpert(Diagnostic):
    """A block cannot be the expert of a mixture.

    An expert takes the tokens that chose it, as rows [rows, D], and gives a row for each, computed from that row alone:
    which other tokens chose it must make no difference.
    """

    code = "E0290"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.name} cannot be an expert: {self.reason}"

    @property
    def help(self) -> str | None:
        return f"write block {self.name}(...) {{ [rows, D] ... }} of steps that treat rows apart, to float[rows, E]"
