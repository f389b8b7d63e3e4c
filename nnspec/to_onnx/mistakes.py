"""Mistakes in an export to ONNX; one class each."""

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


class OnnxSameName(Diagnostic):
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
    """The operator set is not one that nnspec writes and the installed onnxruntime reads."""

    code = "E0704"
    opset: int
    oldest: int
    newest: int
    usual: int

    @property
    def message(self) -> str:
        return f"opset {self.opset} is not one of {self.oldest} to {self.newest}, which run here"

    @property
    def help(self) -> str | None:
        return f"leave --opset out to get {self.usual}"


class OnnxDiffers(Diagnostic):
    """An ONNX model does not compute what the PyTorch module of the same spec computes in float64.

    Both are run on the same random inputs, for different choices of the symbolic sizes. Where an export finds this, it
    is a mistake of nnspec, or of the onnxruntime that is installed, and the file has not been written. Where `nnspec
    verify` finds it, the file may hold other weights than those given, or be damaged: the layer that is named is the
    first one whose value differs.
    """

    code = "E0705"
    output: str
    difference: str
    where: str
    layer: str
    advice: str

    @property
    def message(self) -> str:
        return f"the ONNX model differs from PyTorch in the output {self.output}: {self.difference}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (self.layer, f"compared on {self.where}")


class CannotCompare(Diagnostic):
    """A model could not be compared with PyTorch: one of the two cannot be opened, or does not run on random inputs."""

    code = "E0706"
    problem: str
    reason: str
    advice: str = "bind the sizes (--input NAME=1x3x224x224); an export does without the comparison: --no-verify"

    @property
    def message(self) -> str:
        return f"the model cannot be verified: {self.problem}: {self.reason}"


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


class OtherInterface(Diagnostic):
    """An ONNX file that is to be compared with a spec does not have as many inputs and outputs as the spec."""

    code = "E0711"
    what: str
    found: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"the file's {self.what} are {_listed(self.found)}, and the spec's {_listed(self.wanted)}"

    @property
    def help(self) -> str | None:
        return "name the spec and the model that the file was made of: nnspec verify MODEL.nn --model NAME FILE.onnx"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


class BadCalibration(Diagnostic):
    """The samples for static int8 cannot be read, or are not inputs of the model.

    They are arrays by the names of the inputs in an .npz file (`numpy.savez("samples.npz", image=images)`), a row a
    sample, prepared as the model takes them; some hundred are enough.
    """

    code = "E0712"
    where: str
    reason: str

    @property
    def message(self) -> str:
        return f"the samples of {self.where} are not the model's: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write an .npz file with an array for each input, a row a sample, and name it: --calibrate samples.npz"


class NoSamples(Diagnostic):
    """Static int8 needs samples, to learn the ranges of the values in the model: a file, or the spec's own data."""

    code = "E0713"

    @property
    def message(self) -> str:
        return "static int8 needs samples of the inputs, and there are none"

    @property
    def help(self) -> str | None:
        return "name a file of them: --calibrate samples.npz; or give the spec a `train` block with its data"


class TooLargeToQuantise(Diagnostic):
    """The model is too large for onnxruntime's quantiser, which holds it in memory several times."""

    code = "E0714"
    bytes: int
    most: int

    @property
    def message(self) -> str:
        return f"the model has {self.bytes:,} bytes of weights; static int8 takes {self.most:,} at most"

    @property
    def help(self) -> str | None:
        return "quantise it as it runs, which takes models of any size: --precision int8"


class FunctionsNotQuantised(Diagnostic):
    """Static int8 and functions exclude each other: onnxruntime's quantiser does not look into functions."""

    code = "E0715"

    @property
    def message(self) -> str:
        return "static int8 does not go with functions: onnxruntime's quantiser does not look into them"

    @property
    def help(self) -> str | None:
        return "leave --functions out, or quantise the model as it runs: --precision int8"
