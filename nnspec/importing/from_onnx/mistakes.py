"""Mistakes of importing a file of ONNX; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic

POINTER = "it is the pointer of Git LFS to a file, and not the file"


class NoOnnxFile(Diagnostic):
    """A file cannot be read as ONNX: it is missing, damaged or cut off, or its arrays are not beside it."""

    code = "E0540"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.path} cannot be read as ONNX: {self.reason}"

    @property
    def help(self) -> str | None:
        if self.reason == POINTER:
            return "fetch the file itself: git lfs pull"
        return "name a file as onnx.save writes it; arrays that it keeps in further files belong beside it"


class OtherOpset(Diagnostic):
    """A file has operators of a version that is not known: older than opset 7, whose arithmetic knew other rules of
    shapes, or newer than the installed onnx.
    """

    code = "E0541"
    path: str
    opset: int
    oldest: int
    newest: int

    @property
    def message(self) -> str:
        return f"{self.path} is of opset {self.opset}, and {self.oldest} to {self.newest} are read"

    @property
    def help(self) -> str | None:
        if self.opset < self.oldest:
            return f"bring it up to date: onnx.version_converter.convert_version(onnx.load(...), {self.newest})"
        return "install a newer onnx, or export the model with a lower opset"


class CannotSayNodes(Diagnostic):
    """Operators of a file have no counterpart in the language, or are used as none has it; each is listed with its
    nodes.

    `python -m tests.onnx_operators` prints the table of all operators of ONNX: those that are imported, and why the
    others are not.
    """

    code = "E0542"
    path: str
    refusals: tuple[tuple[str, str, tuple[str, ...]], ...]  # operator, reason, names of nodes
    advice: str

    @property
    def message(self) -> str:
        count = sum(len(nodes) for _, _, nodes in self.refusals)
        return f"{count} node{'s' * (count > 1)} of {self.path} cannot be written as a spec"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"{operator}: {reason} ({_shown(nodes)})" for operator, reason, nodes in self.refusals)

    @property
    def help(self) -> str | None:
        return self.advice


def _shown(nodes: tuple[str, ...]) -> str:
    more = f" and {len(nodes) - 3} more" if len(nodes) > 3 else ""
    return ", ".join(nodes[:3]) + more


class NotItsSize(Diagnostic):
    """A size that an input of a file is to have is not one that it can have: `--dynamic image="N 3 224 224"` gives one
    for each dimension, numbers and names.
    """

    code = "E0543"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"the sizes of the inputs cannot be these: {self.reason}"

    @property
    def help(self) -> str | None:
        return self.advice


class OtherResults(Diagnostic):
    """The spec that was written does not compute what the file does: a fault of the importer, and no spec is given.

    What is written is always read again, exported, and run beside the file on random inputs.
    """

    code = "E0544"
    path: str
    difference: str

    @property
    def message(self) -> str:
        return f"the spec differs from {self.path}: {self.difference}"

    @property
    def help(self) -> str | None:
        return "this is a fault of nnspec: please report it with the model"
