"""Statements that stand in the wrong place, or do nothing."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic


class Misplaced(Diagnostic):
    """A statement stands where it has no meaning, such as `input` in a block or `phase` outside `train`."""

    code = "E0220"
    what: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.what} cannot stand here"


class NotSupportedYet(Diagnostic):
    """The language has this, and this version of nnspec cannot do it yet."""

    code = "E0221"
    what: str

    @property
    def message(self) -> str:
        return f"{self.what} is not supported yet"

    @property
    def help(self) -> str | None:
        return "leave it out for now"


class LoneLabel(Diagnostic):
    """A line that is the label of a step reads like applying that step again, and is the value that it had.

    A module is applied again by its label behind an arrow: `_ -> layer`, or `4 x layer` for four times in a row.
    """

    code = "E0234"
    name: str

    @property
    def message(self) -> str:
        return f"`{self.name}` alone applies nothing"

    @property
    def label(self) -> str:
        return "this is the value that it had"

    @property
    def help(self) -> str | None:
        return f"to apply it again: _ -> {self.name}\nto go on from its value, name that: value = {self.name}"


class SameTurn(Diagnostic):
    """Every turn of a `for` computes the same: nothing in its body depends on the turn, or on what the last one gave.

    The first turn's values are computed again and thrown away. To go on from turn to turn, begin with what flows.
    """

    code = "W0250"
    severity: ClassVar[Literal["error", "warning"]] = "warning"

    @property
    def message(self) -> str:
        return "every turn of this loop computes the same"

    @property
    def label(self) -> str:
        return "this does not take what the turn before gave"

    @property
    def help(self) -> str | None:
        return "begin with what flows: _ -> ..., or write it once, without the loop"
