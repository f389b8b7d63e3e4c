"""`build`: a program as an `nn.Module`, by compiling the very source that `torch_source` writes."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from hashlib import sha256
from types import ModuleType
from typing import Any

import torch
from torch import nn

from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.ir.room import need_memory
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.to_torch.emit import torch_source


def build(program: Program, limits: Limits = DEFAULT_LIMITS, constants: Mapping[str, Any] | None = None) -> nn.Module:
    """The model, with new weights.

    The source is registered as a Python module, so that tracebacks show its lines and the classes can be pickled by
    name within the process. `constants` are those of the source.

    Raises:
        SpecError: a layer cannot be written in PyTorch, or there are more layers than the limit, or more weights than
            memory.
    """
    if torch.get_default_device().type != "meta":
        need_memory(program, limits)
    source = torch_source(program, constants)
    with flattening(program, limits):
        made: nn.Module = getattr(_compiled(source.text, program.main.name), source.class_name)()
    return made


def _compiled(text: str, of: str) -> ModuleType:
    """The Python module of a source; it is known to others only when it is complete: they may be other threads."""
    name = f"nnspec_generated_{sha256(text.encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    file = f"<{name}>"
    module = ModuleType(name, f"Generated from {of}.")
    module.__file__ = file
    exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102 - our own text: names are checked, values went through repr
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return sys.modules.setdefault(name, module)
