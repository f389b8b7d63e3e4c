"""Mistakes of callbacks: an unknown one, wrong arguments, and one that fails."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Span


class UnknownCallback(Diagnostic):
    """There is no callback of this name: nnspec has tensorboard, mlflow and wandb, and plug-ins register others."""

    code = "E0690"
    name: str
    known: tuple[str, ...]
    suggestion: str | None

    @property
    def message(self) -> str:
        return f"there is no callback {self.name}"

    @property
    def help(self) -> str | None:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return f"choose one of {', '.join(self.known)}; one of a plug-in comes with it: --plugin MODULE"


class BadCallback(Diagnostic):
    """A callback cannot be made of what is given: it takes other arguments, or it is none."""

    code = "E0691"
    span: Span | None
    name: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"the callback {self.name} cannot be made: {self.reason}"


class CallbackFailed(Diagnostic):
    """A callback has raised an exception, and the run ends with it. Its last checkpoint is whole: it can be resumed."""

    code = "E0692"
    name: str
    moment: str
    reason: str
    folder: str

    @property
    def message(self) -> str:
        return f"the callback {self.name} failed at `{self.moment}`: {self.reason}"

    @property
    def help(self) -> str | None:
        return f"mend it or leave it out, and go on with the run: nnspec train --resume {self.folder}"
