"""Mistakes in names: unknown, taken twice, or leading nowhere."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Label, Span
from nnspec.elaborate.mistakes.wording import first_line, listed, ways_out


class UnknownName(Diagnostic):
    """A name is used that nothing around it declares.

    Layers, blocks and models begin with a capital and are spelt exactly (`Conv2d`, not `Conv2D`). Values, labels and
    other names are known from the line that makes them on, in their body and the groups inside it.
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
        return f"make it before it is used: {self.name} = ..."


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


class NeverApplied(Diagnostic):
    """A name holds a layer that nothing applies.

    `name = Layer(...)` names the layer itself, and computes nothing: it is applied where the name stands behind an
    arrow, after `x`, or as an argument of a block. `name: Layer(...)` is a step, `name = _ -> Layer(...)` its value.
    """

    code = "E0247"
    going_on: str | None
    branching: str

    @property
    def message(self) -> str:
        return f"nothing applies the layer that `{self.span.text if self.span else ''}` holds"

    @property
    def label(self) -> str:
        return "this line computes nothing: the one below it does not go on from here"

    @property
    def help(self) -> str | None:
        return ways_out(self.going_on, self.branching)


class HoldsLayer(Diagnostic):
    """A name that holds a layer stands where a value is needed, or where nothing says what it is applied to.

    `name = Layer(...)` names the layer itself. It is applied where the name stands behind an arrow (`_ -> name`), after
    `x`, behind a label, or as an argument of a block, each time as a layer with weights of its own.
    """

    code = "E0246"
    bound: Span

    @property
    def _name(self) -> str:
        return self.bound.text.partition("=")[0].strip()

    @property
    def message(self) -> str:
        return f"`{self._name}` is a layer, and no value"

    @property
    def label(self) -> str:
        return "nothing says what it is applied to"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.bound, "this names the layer itself"),)

    @property
    def help(self) -> str | None:
        layer = self.bound.text.partition("=")[2].strip()
        there = first_line(f"{self._name} = _ -> {layer}")
        return f"to apply it here: _ -> {self._name}\nto name what it makes, where it is bound: {there}"


class UnusedValue(Diagnostic):
    """A value is computed and given a name, and nothing behind the line uses that name.

    `name = chain` leaves the flow where it is: the next line goes on from what came before, and so does the output of a
    model that names none. To go on from a value, begin a line with its name, or write `name: step`.
    """

    code = "W0252"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    name: str

    @property
    def message(self) -> str:
        return f"nothing uses the value `{self.name}`"

    @property
    def label(self) -> str:
        return "the line below goes on from what came before"

    @property
    def help(self) -> str | None:
        return f"to go on from it, begin the next line with it: {self.name} -> ...; or remove the line"


class Shadowed(Diagnostic):
    """A name that is a number or a dimension of this body is given to something of another kind.

    What is bound to a name replaces what it meant, as in Python; a dimension, a parameter or a counter that becomes a
    value of the network would be missed by all lines behind it.
    """

    code = "E0249"
    name: str
    before: str
    now: str

    @property
    def message(self) -> str:
        return f"`{self.name}` is the number {self.before} here, and would become {self.now}"

    @property
    def help(self) -> str | None:
        return "choose another name"


class OutsideGroup(Diagnostic):
    """A group gives a name to something that the body around it has given to something else.

    A group `{ ... }` has names of its own, which end with it. It sees those around it, and cannot change them. `if` and
    `for` are no groups: what they bind lives on.
    """

    code = "E0250"
    name: str

    @property
    def message(self) -> str:
        return f"`{self.name}` is a name of the body around this group"

    @property
    def label(self) -> str:
        return "the body around it would keep its own"

    @property
    def help(self) -> str | None:
        return "choose another name, or write the line outside the group"


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
