"""`compile = true`: the networks of a run through `torch.compile`, one kernel for what eager PyTorch does in many.

Each size of a batch is compiled for itself, so that a resumed run computes with the very kernels of the one that
stopped: with a kernel for all sizes it would depend on which sizes came first.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import cast

import torch
from torch import nn

from nnspec.diagnostics import Diagnostic, SpecError


class CannotCompile(Diagnostic):
    """`compile = true` needs what `torch.compile` needs: a C++ compiler for the CPU, Triton for a GPU."""

    code = "E0624"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"cannot compile: {self.reason}"


def check_compiler(device: torch.device) -> None:
    """Check that there is a compiler for the device, and forget what earlier runs compiled for their own weights.

    Raises:
        SpecError: there is none.
    """
    if device.type == "cuda" and find_spec("triton") is None:
        raise SpecError.of(CannotCompile(None, "Triton is not installed", "install triton, or leave compile out"))
    compiler = os.environ.get("CXX", "g++")  # as torch.compile looks for it
    if device.type == "cpu" and shutil.which(compiler) is None:
        advice = "install a C++ compiler or name one in the variable CXX, or leave compile out"
        raise SpecError.of(CannotCompile(None, f"there is no C++ compiler {compiler}", advice))
    torch.compiler.reset()


def compiled(module: nn.Module) -> nn.Module:
    """The module as `torch.compile` has it, with the same weights."""
    return cast(nn.Module, torch.compile(module, dynamic=False))
