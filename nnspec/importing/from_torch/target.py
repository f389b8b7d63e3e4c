"""`found`: the module that `package.module:callable` names; it runs the user's code, and only when it was asked to."""

from __future__ import annotations

import importlib
import os
import sys

import torch
from torch import nn

from nnspec.diagnostics import SpecError
from nnspec.importing.mistakes import NoModule


def found(target: str) -> nn.Module:
    """The module that a function or class gives, found from the current folder on.

    Raises:
        SpecError: it is not there, fails, or gives something else.
    """
    path, _, names = target.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        made = importlib.import_module(path)
        for name in names.split("."):
            made = getattr(made, name)
        if not isinstance(made, nn.Module):
            made = made()  # type: ignore[operator]
    except Exception as error:  # the code of others may raise anything
        raise SpecError.of(NoModule(None, target, f"{type(error).__name__}: {error}")) from error
    finally:
        sys.path.remove(os.getcwd())
    if not isinstance(made, nn.Module):
        raise SpecError.of(NoModule(None, target, f"it is of type {type(made).__name__}"))
    return made


def example(text: str) -> torch.Tensor:
    """A tensor for `1x3x224x224` or `int:1x16`: random numbers, or whole ones that are small."""
    kind, _, sizes = text.rpartition(":")
    shape = [int(size) for size in sizes.split("x")] if sizes else []
    if kind == "int":
        return torch.arange(max(1, torch.Size(shape).numel())).remainder(2).reshape(shape)
    if kind == "bool":
        return torch.ones(shape, dtype=torch.bool)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))
