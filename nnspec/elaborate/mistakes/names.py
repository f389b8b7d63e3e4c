"""Mistakes in names: unknown, taken twice, or leading nowhere."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Label, Span
from nnspec.elaborate.mistakes.wording import listed


class UnknownName(Diagnostic):
    """A name is used that nothing around it declares.

    Layers, blocks and models begin with a capital and are spelt exactly (`Conv2d`, not `Conv2D`). Values, labels and
    `let` names are known from the line that makes them on, in their body and the groups inside it.
    """

    code = "E0201"
    name: str
    suggestion: str | None = None
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"nothing here is called `{self.name}`"

    @property
    def label(self) -> str:
        return f"did you mean `{self.suggestion}`?" if self.suggestion else ""

    @property
    def help(self) -> str | None:
        return self.advice or (f"write `{self.suggestion}`" if self.suggestion else self._way())

    def _way(self) -> str:
        if self.name[:1].isupper():
            return f'declare it: block {self.name} {{ ... }}, or import it: import {self.name} from "file.nn"'
        return f"make it before it is used: {self.name} = ..., or let {self.name} = ..."


class AlreadyDeclared(Diagnostic):
    """Two things have one name, or one label lies inside another.

    A label is the path of a module and of its weights, so each may stand once in its scope, and a step may not be
    labelled `a.b` where another is labelled `a`.
    """

    code = "E0202"
    name: str
    first: Span | None = None
    is_label: bool = False

    @property
    def message(self) -> str:
        return f"`{self.name}` is already taken"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.first, "by this one"),) if self.first else ()

    @property
    def help(self) -> str | None:
        if self.is_label:
            return "choose another label; to apply the same module again, write its label after an arrow"
        return "choose another name"


class Unreached(Diagnostic):
    """A path does not lead to a value inside a step."""

    code = "E0226"
    path: str
    inside: str
    suggestion: str | None = None
    known: tuple[str, ...] = ()
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.inside} has nothing called `{self.path}`"

    @property
    def help(self) -> str | None:
        if self.advice:
            return self.advice
        if self.suggestion:
            return f"did you mean `{self.suggestion}`?"
        if self.known:
            return f"it has {listed(self.known[:12])}"
        return "nothing inside it has a name: use its value itself"


class SameName(Diagnostic):
    """An input and an output of a model have one name.

    It can be run and trained in PyTorch, but not exported: an ONNX graph has one value of a name.
    """

    code = "W0271"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    name: str

    @property
    def message(self) -> str:
        return f"the input and the output {self.name} have one name, with which the model cannot be exported to ONNX"

    @property
    def help(self) -> str | None:
        return f"give the output a name of its own: output {self.name}_out = ..."
