"""`found`: the module that `package.module:callable` names; it runs the user's code, and only when it was asked to."""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from nnspec.diagnostics import SpecError
from nnspec.importing.mistakes import NoModule

SHOWN = 6  # names of a module


def found(target: str) -> nn.Module:
    """The module that a function or class gives, found from the current folder on, or in a file.

    Raises:
        SpecError: it is not there, fails, or gives something else.
    """
    path, _, names = target.rpartition(":")
    file = Path(path)
    folder = str((file.parent if file.suffix == ".py" else Path()).resolve())
    sys.path.insert(0, folder)
    try:
        made = importlib.import_module(file.stem if file.suffix == ".py" else path)
        for name in names.split("."):
            if isinstance(made, ModuleType) and not hasattr(made, name):
                raise SpecError.of(NoModule(None, target, f"there is no {name}; there is {_named(made, name)}"))
            made = getattr(made, name)
        if not isinstance(made, nn.Module):
            made = made()  # type: ignore[operator]
    except SpecError:
        raise
    except Exception as error:  # the code of others may raise anything
        raise SpecError.of(NoModule(None, target, f"{type(error).__name__}: {error}")) from error
    finally:
        sys.path.remove(folder)
    if not isinstance(made, nn.Module):
        raise SpecError.of(NoModule(None, target, f"it is of type {type(made).__name__}"))
    return made


def _named(module: ModuleType, name: str) -> str:
    """What a Python module defines that a name may mean: what is spelled alike, else its classes and functions."""
    own = [each for each, value in vars(module).items()
           if callable(value) and getattr(value, "__module__", None) == module.__name__]  # fmt: skip
    chosen = get_close_matches(name, own, SHOWN) or own
    return ", ".join(chosen[:SHOWN]) + (", ..." if len(chosen) > SHOWN else "") or "nothing in it"


def example(text: str) -> torch.Tensor:
    """A tensor for `1x3x224x224` or `int:1x16`: random numbers, or whole ones that are small."""
    kind, _, sizes = text.rpartition(":")
    shape = [int(size) for size in sizes.split("x")] if sizes else []
    if kind == "int":
        return torch.arange(max(1, torch.Size(shape).numel())).remainder(2).reshape(shape)
    if kind == "bool":
        return torch.ones(shape, dtype=torch.bool)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))
