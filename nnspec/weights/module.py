"""Weights of a file in an `nn.Module`."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from nnspec.ir import Program
from nnspec.limits import Limits
from nnspec.to_torch.module import build
from nnspec.weights.arrays import Arrays
from nnspec.weights.load import load_weights
from nnspec.weights.preparation import meanings, preparation
from nnspec.weights.source import WeightSource, shown


def trained_module(program: Program, source: WeightSource, normalize: bool, limits: Limits) -> nn.Module:
    """The module of a program with the weights of a file, and with the normalisation of training if that is wished.

    What its numbers stand for, its source says: `sys.modules[type(module).__module__].CLASSES`.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes are not those of the model.
    """
    weights = load_weights(program, source)
    if weights.told is not None:
        warnings.warn(f"{shown(source)}: {weights.told}", stacklevel=3)
    whole = preparation(program, weights.metadata).applied(program) if normalize else program
    module = build(whole, limits, meanings(weights.metadata))
    _copy(module, weights.arrays)
    return module


def fill(module: nn.Module, program: Program, source: WeightSource) -> list[str]:
    """Copy the weights of a file into the module of a program, wherever it is and in its own element types.

    Returns:
        What training did to the inputs, in words: the module of the program does not do it.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes are not those of the model.
    """
    weights = load_weights(program, source)
    _copy(module, weights.arrays)
    return preparation(program, weights.metadata).notes(within=True)


@torch.no_grad()
def _copy(module: nn.Module, arrays: Arrays) -> None:
    for key, tensor in module.state_dict().items():
        tensor.copy_(torch.from_numpy(arrays(key).copy()))
