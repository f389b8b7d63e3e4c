"""Why a model is not written into a model repository."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class NoEnsemble(Diagnostic):
    """There is nothing that an ensemble would do before or after the model.

    `nnspec export --triton DIR --ensemble` puts a step before a model that takes pictures, `float[N, C, H, W]`, and one
    behind an output that holds scores of classes or labels: the weights of a training say so, or the name of an output
    [N, classes], such as `logits`. All inputs and outputs must begin with samples.
    """

    code = "E0455"
    model: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.model} has no use for an ensemble: {self.reason}"

    @property
    def help(self) -> str:
        return "leave out --ensemble, or give the weights of a training, which say what the outputs are"
