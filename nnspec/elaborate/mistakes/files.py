"""Mistakes in imports, the choice of a model, and settings from outside."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic
from nnspec.elaborate.mistakes.wording import listed


class BadImport(Diagnostic):
    """An import does not work: the file is missing, lies outside the project's folder, does not declare the name,
    or imports in a circle.

    A path is relative to the importing file and may not leave the folder of the main file. `zoo/...` and `std/...`
    are nnspec's own models and blocks.
    """

    code = "E0217"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason


class NoSuchModel(Diagnostic):
    """The file declares no model, or none of the name that was asked for."""

    code = "E0218"
    name: str | None
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"there is no model {self.name} in this file" if self.name else "this file declares no model"

    @property
    def help(self) -> str | None:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return f"it declares {listed(self.known)}" if self.known else "write model Name { input x: float[N, 4] ... }"


class BadSetting(Diagnostic):
    """A value given from outside (`--set`, `--input`, or an argument of the library) does not fit the model."""

    code = "E0219"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason
