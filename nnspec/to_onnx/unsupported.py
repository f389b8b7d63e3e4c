"""Layers that ONNX has no operators for, with the reason: `check` warns of what `export` refuses. Needs no onnx."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Source
from nnspec.ir import Program
from nnspec.ir.places import span_of
from nnspec.layers.base import Layer
from nnspec.layers.families.derivative import Gradient, Jacobian
from nnspec.layers.families.matching import CTCLoss
from nnspec.layers.registry import is_built_in
from nnspec.to_onnx.row import ROWS, UNSUPPORTED, no_row

no_row("ONNX has no operator for it; it is a loss, and evaluation needs none", CTCLoss)
no_row("ONNX has no operator for derivatives; they belong into the loss of a `train` block", Gradient, Jacobian)


class NotForOnnx(Diagnostic):
    """A model has a layer that ONNX has no operators for: it runs in PyTorch, and cannot be exported to ONNX."""

    code = "W0272"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    layer: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.layer} keeps the model from an export to ONNX: {self.reason}"

    @property
    def help(self) -> str | None:
        return "put it into the loss, or into `training { ... }`, which no export has"


def unsupported(program: Program, sources: Mapping[str, Source]) -> Iterator[NotForOnnx]:
    """A warning for each kind of layer of a program that cannot be written in ONNX."""
    told: set[type[Layer]] = set()
    for call in (call for key in program.order for call in program.modules[key].calls):
        if not isinstance(call.callee, Layer) or call.training:
            continue
        kind = type(call.callee)
        lacks = kind in UNSUPPORTED or not (is_built_in(kind) or kind in ROWS)
        if lacks and kind not in told:
            told.add(kind)
            yield NotForOnnx(span_of(call.place, sources), call.callee.kind, reason_against(kind))


def reason_against(kind: type[Layer]) -> str:
    """The reason why a layer has no row; a plug-in may have forgotten to give either."""
    return UNSUPPORTED.get(kind, "no ONNX operators are known for it")
