"""Weights of a file in an `nn.Module`."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from nnspec.arguments import WrongArgument
from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.state import state_dict
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
        warnings.warn(f"{shown(source)}: {weights.told}", stacklevel=4)
    whole = preparation(program, weights.metadata).applied(program) if normalize else program
    module = build(whole, limits, meanings(weights.metadata))
    _copy(module, weights.arrays)
    return module


def fill(module: nn.Module, program: Program, source: WeightSource) -> list[str]:
    """Copy the weights of a file into the module of a program, wherever it is and in its own element types.

    Returns:
        What training did to the inputs, in words: the module of the program does not do it.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes, or those of the module, are not those of the model.
    """
    weights = load_weights(program, source)
    _check_module(module, program)
    _copy(module, weights.arrays)
    return preparation(program, weights.metadata).notes(within=True)


def _check_module(module: nn.Module, program: Program) -> None:
    """Check that a module has the keys of a program, in the same shapes.

    Raises:
        SpecError: it is another one.
    """
    own = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    wanted = {entry.key: tuple(entry.weight.shape) for entry in state_dict(program)}
    key = next((key for key in (*wanted, *own) if own.get(key) != wanted.get(key)), None)
    if key is not None:
        shapes = [f"{key} {list(each[key])}" if key in each else f"no {key}" for each in (own, wanted)]
        reason = f"Model.load_weights: module has {shapes[0]}, and {program.main.name} {shapes[1]}"
        raise SpecError.of(WrongArgument(None, reason, "make it of this model: module = model.to_torch()"))


@torch.no_grad()
def _copy(module: nn.Module, arrays: Arrays) -> None:
    for key, tensor in module.state_dict().items():
        tensor.copy_(torch.from_numpy(arrays(key).copy()))
