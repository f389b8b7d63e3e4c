"""Weights of a file in an `nn.Module`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from nnspec.ir import Program
from nnspec.weights.arrays import Array
from nnspec.weights.load import load_weights


@torch.no_grad()
def fill(module: nn.Module, program: Program, source: str | Path | Mapping[str, Array]) -> None:
    """Copy the weights of a file into the module of a program, wherever it is and in its own element types.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes are not those of the model.
    """
    array = load_weights(program, source).arrays
    for key, tensor in module.state_dict().items():
        tensor.copy_(torch.from_numpy(array(key).copy()))
