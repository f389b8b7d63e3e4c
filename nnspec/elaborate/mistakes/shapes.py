"""Mistakes in shapes: of a value, and of branches that are put together."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Label


class MergeMismatch(Diagnostic):
    """The branches that are added, multiplied or concatenated do not have shapes that fit.

    `residual { ... }` adds the incoming value (or what `skip { ... }` makes of it) to the end of its body: both must
    have the same shape. Give the body as many channels and the same stride as the incoming value, or project the skip.
    """

    code = "E0203"
    what: str
    shapes: tuple[str, ...]
    reason: str
    branches: tuple[Label, ...] = ()
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the branches of this {self.what} do not have the same shape"

    @property
    def label(self) -> str:
        return f"{self.reason}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return self.branches

    @property
    def help(self) -> str | None:
        return self.advice or "let all branches end with the same shape"


class ShapeMismatch(Diagnostic):
    """A shape in brackets does not agree with the value that arrives there.

    In `-> [N, 512, 7, 7]` the numbers and known names must equal the dimensions of the value; new names are bound.
    """

    code = "E0204"
    expected: str
    actual: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the value here is {self.actual}, not {self.expected}"

    @property
    def label(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        return self.advice or f"write {self.actual}, or change the steps before it"
