"""An ONNX file as a module, so that it is judged by the very code that judges the PyTorch model of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.infer.session import Session
from nnspec.train.split import Statistics
from nnspec.weights.preparation import MEAN, STD


class OtherOutputs(Diagnostic):
    """An ONNX file is judged by a recipe, and does not give what the recipe compares with the data."""

    code = "E0676"
    path: str
    missing: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.path} gives {', '.join(self.given)}, and its recipe judges {', '.join(self.missing)}"

    @property
    def help(self) -> str | None:
        return "export the model again from the weights of the run: nnspec export MODEL.nn --weights W --onnx FILE"


class NotOneFile(Diagnostic):
    """What a recipe trains cannot be judged as an ONNX file.

    A recipe that builds networks itself judges all of them at once, and a loss with derivatives of the model needs a
    model that has them: PyTorch judges these.
    """

    code = "E0678"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.path} cannot be judged in the place of the model: {self.reason}"

    @property
    def help(self) -> str | None:
        return "leave --onnx out: PyTorch judges it"


class OnnxModel(nn.Module):
    """A session of onnxruntime that takes and gives tensors."""

    def __init__(self, session: Session, inputs: Mapping[str, Statistics | None], outputs: Sequence[str]) -> None:
        """Take the place of a model.

        Args:
            session: the file.
            inputs: the inputs in order, with the statistics that they are normalised by here.
            outputs: those to give, in order.

        Raises:
            SpecError: the file has no such outputs.
        """
        super().__init__()
        given = tuple(port.name for port in session.outputs)
        missing = tuple(name for name in outputs if name not in given)
        if missing:
            raise SpecError.of(OtherOutputs(None, session.path, missing, given))
        self.session = session
        self.names = tuple(inputs)
        self.outputs = tuple(outputs)
        within = MEAN not in session.metadata and STD not in session.metadata
        self.statistics = dict(inputs) if within else {}

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """The outputs; inputs are given as the data has them, where the file normalises them itself."""
        arrays = {
            name: _raw(value, self.statistics.get(name)).numpy() for name, value in zip(self.names, values, strict=True)
        }
        found = self.session.run(arrays)
        return tuple(torch.from_numpy(found[name].copy()) for name in self.outputs)


def _raw(values: Tensor, statistics: Statistics | None) -> Tensor:
    """Values as they were before they were normalised."""
    values = values.detach().cpu()
    if statistics is None:
        return values
    shape = (1, -1, 1, 1) if values.ndim == 4 else (1,) * (values.ndim - 1) + (-1,)
    mean, std = (torch.tensor(x, dtype=torch.float64).view(shape) for x in (statistics.mean, statistics.std))
    return (values.double() * std + mean).float()
