"""Mistakes of importing a model; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic
from nnspec.importing.network import Origin
from nnspec.record import Record


def at(origin: Origin | None) -> str:
    """The place of something, in brackets behind it."""
    return f" ({origin.file}:{origin.line})" if origin else ""


class BadExample(Diagnostic):
    """The example inputs do not fit the module that is to be imported, or their sizes are not what is said of them."""

    code = "E0530"
    reason: str
    advice: str | None

    @property
    def message(self) -> str:
        return f"the example inputs cannot be used: {self.reason}"


class _Fails(Diagnostic):
    """The code of others fails, for its own reason and at a line of its own where that is known."""

    reason: str
    origin: Origin | None

    @property
    def notes(self) -> tuple[str, ...]:
        if self.origin is None:
            return ()
        return (f"it fails at {self.origin.file}:{self.origin.line}: {self.origin.code}",)


class CannotExport(_Fails):
    """PyTorch cannot trace the module: `torch.export` fails, most often where the code depends on the values of data.

    The message is PyTorch's own. What depends on data (an `if` on a tensor, `.item()`, a list of boxes) has no fixed
    graph.
    """

    code = "E0531"

    @property
    def message(self) -> str:
        return f"torch.export cannot export the module: {self.reason}"

    @property
    def help(self) -> str | None:
        if "Long, Int" in self.reason:
            return "let the example have whole numbers: --input tokens=int:1x16, or a tensor of them"
        return (
            "import a part without this, or with other example inputs; of transformers, attn_implementation = 'eager'"
        )


class FixedSize(Diagnostic):
    """A size that should be any is fixed by the code of the module: it was computed with as a number.

    Positions in a table of fixed length, a window that must divide the picture, `int(x.shape[0])` do that.
    """

    code = "E0532"
    input: str
    dim: int
    name: str
    size: int

    @property
    def message(self) -> str:
        return f"dimension {self.dim} of {self.input}, {self.name}, can only be {self.size}: the code fixes it"

    @property
    def help(self) -> str | None:
        return (
            f"give it as a number, {self.size}, or an example of another size, if {self.size} is the length of a "
            "table; len(x), a loop over it and a kernel as long as it fix a size, and x.shape[0] does not"
        )


class Refusal(Record):
    """An operation that cannot be written as a spec: what, where, and what could be done."""

    what: str
    reason: str
    origin: Origin | None = None
    size: bool = False  # only a size cannot be named


class CannotSay(Diagnostic):
    """Operations of the model have no counterpart in the language; each is listed with its line.

    `nnspec/importing` has a table of the operators that it knows; what is not in it, or is used in a way that no layer
    has, is refused rather than approximated.
    """

    code = "E0533"
    refusals: tuple[Refusal, ...]

    @property
    def message(self) -> str:
        count = len(self.refusals)
        return f"{count} operation{'s' * (count > 1)} of the model cannot be written as a spec"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"{each.what}: {each.reason}{at(each.origin)}" for each in self.refusals)

    @property
    def help(self) -> str | None:
        if any("cannot be shown" in each.reason for each in self.refusals):
            return "if a size is always a multiple, say so where it is named: N 3 2*H 2*W; or give a number for it"
        return "write these with other operators of PyTorch, or import the parts around them"


class UnnamedSizes(CannotSay):
    """Sizes are made of those of the inputs in a way that no spec can name, as the rest of a division by a window.

    With numbers in the place of these names, every size is a number.
    """

    code = "E0593"

    @property
    def message(self) -> str:
        return "sizes are made of others in a way that no spec can name"

    @property
    def help(self) -> str | None:
        return "let the sizes of the inputs be those of the example: give numbers where `dynamic` has names"


class OtherOutcome(Diagnostic):
    """The spec that was written is not the model that it was made from: a fault of the importer, and no spec is given.

    What is written is always read again and compared: names and shapes of the weights, their number, and the results
    for the example inputs.
    """

    code = "E0534"
    differences: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"the spec differs from the model: {self.differences[0]}"

    @property
    def notes(self) -> tuple[str, ...]:
        return self.differences[1:]

    @property
    def help(self) -> str | None:
        return "this is a fault of nnspec: please report it with the model"


class TextRefused(Diagnostic):
    """The spec that was written for a model is refused when it is read again: a fault of the importer.

    The reason is that of the language; the line of the model's own code is the one that the refused line of the spec
    was most likely made from. No spec is given.
    """

    code = "E0591"
    reason: str
    path: str
    kind: str
    line: str
    origin: Origin | None

    @property
    def message(self) -> str:
        where = f"{self.path}, a {self.kind}," if self.path else self.kind
        return f"what was written for {where} is refused: {self.reason}"

    @property
    def notes(self) -> tuple[str, ...]:
        made = () if self.origin is None else (f"made from {self.origin.file}:{self.origin.line}: {self.origin.code}",)
        return (*made, f"written as {self.line}") if self.line else made

    @property
    def help(self) -> str | None:
        way = f"import the parts around {self.path}, or write its code" if self.path else "write that code"
        return f"this is a fault of nnspec: please report it with the model; until it is mended, {way} in another way"


class CannotCompare(_Fails):
    """The module cannot be run on the example inputs, by which the spec that was written is compared with it.

    The message is that of its own code. It was traced, which needs no numbers; with numbers it fails.
    """

    code = "E0590"

    @property
    def message(self) -> str:
        return f"the module cannot be run on the example, to compare the spec with it: {self.reason}"

    @property
    def help(self) -> str | None:
        return (
            "give inputs for which the module runs: those of --input are random numbers, or whole ones that are small"
        )


class NoModule(Diagnostic):
    """`nnspec import torch` was asked for something that is no module: `package.module:callable` names a function or
    class that, called without arguments, gives an `nn.Module`.
    """

    code = "E0535"
    target: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.target} gives no module of PyTorch: {self.reason}"

    @property
    def help(self) -> str | None:
        return "name a class or function that is called without arguments, as mymodels.resnet:build or resnet.py:build"
