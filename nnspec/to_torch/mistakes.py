"""Mistakes in writing PyTorch."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class NotInTorch(Diagnostic):
    """A layer, or this use of it, cannot be written in PyTorch; the message gives the reason."""

    code = "E0301"
    layer: str
    where: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.layer} at {self.where} cannot be written in PyTorch: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write it with other layers"
