"""What can be wrong with an export to ONNX; one class a mistake."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class NotExpressible(Diagnostic):
    """A layer, as it is configured here, cannot be written with the operators of ONNX."""

    code = "E0702"
    layer: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{self.layer} cannot be exported to ONNX here: {self.reason}"

    @property
    def help(self) -> str | None:
        return self.advice or "replace the layer, or export PyTorch source: --torch model.py"


class SameName(Diagnostic):
    """An input and an output of the model have the same name, which ONNX does not allow."""

    code = "E0703"
    name: str

    @property
    def message(self) -> str:
        return f"the input and the output {self.name} have the same name, which an ONNX graph cannot have"

    @property
    def help(self) -> str | None:
        return f"give the output a name of its own: output {self.name}_out = ..."


class BadOpset(Diagnostic):
    """The operator set is not one that nnspec writes and onnxruntime reads."""

    code = "E0704"
    opset: int
    oldest: int
    newest: int
    usual: int

    @property
    def message(self) -> str:
        return f"opset {self.opset} is not one of {self.oldest} to {self.newest}"

    @property
    def help(self) -> str | None:
        return f"leave --opset out to get {self.usual}"


class NotEqual(Diagnostic):
    """The exported model does not compute what the PyTorch module of the same spec computes.

    Both are run on the same random input, for two different choices of the symbolic sizes. This is a mistake of
    nnspec, or of the onnxruntime that is installed; the file has not been written.
    """

    code = "E0705"
    output: str
    difference: str
    where: str

    @property
    def message(self) -> str:
        return f"the ONNX model differs from PyTorch in the output {self.output}: {self.difference}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"compared on {self.where}",)

    @property
    def help(self) -> str | None:
        return "please report the spec; --no-verify writes the file all the same"


class CannotCompare(Diagnostic):
    """The export could not be compared with PyTorch: one of the two does not run on the random inputs tried."""

    code = "E0706"
    program: str
    reason: str

    @property
    def message(self) -> str:
        return f"the export cannot be verified: {self.program} does not run on random input: {self.reason}"

    @property
    def help(self) -> str | None:
        return "bind the sizes (--input NAME=1x3x224x224), or write the file without the comparison: --no-verify"


class TooLargeForMemory(Diagnostic):
    """The model is too large to be one message in memory: protocol buffers end at 2 GiB. Files have no such limit."""

    code = "E0709"
    model: str
    bytes: int

    @property
    def message(self) -> str:
        return f"{self.model} has {self.bytes:,} bytes of weights, too many for a model in memory"

    @property
    def help(self) -> str | None:
        return "write it to a file, and use that: nnspec export MODEL.nn --weights WEIGHTS --onnx model.onnx"


class InvalidModel(Diagnostic):
    """onnx's own checker refuses what was built. This is a mistake of nnspec; the file has not been written."""

    code = "E0710"
    reason: str

    @property
    def message(self) -> str:
        return f"the checker of onnx refuses the model: {self.reason}"

    @property
    def help(self) -> str | None:
        return "please report the spec; another --opset may do"
