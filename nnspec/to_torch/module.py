"""`build`: a program as an `nn.Module`, by compiling the very source that `torch_source` writes."""

from __future__ import annotations

import linecache
import sys
from hashlib import sha256
from types import ModuleType

from torch import nn

from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.to_torch.emit import torch_source


def build(program: Program, limits: Limits = DEFAULT_LIMITS) -> nn.Module:
    """The model, with new weights.

    The source is registered as a Python module, so that tracebacks show its lines and the classes can be pickled by
    name within the process.

    Raises:
        SpecError: a layer cannot be written in PyTorch, or there are more layers than the limit.
    """
    source = torch_source(program)
    name = f"nnspec_generated_{sha256(source.text.encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        file = f"<{name}>"
        linecache.cache[file] = (len(source.text), None, source.text.splitlines(keepends=True), file)
        module = ModuleType(name, f"Generated from {program.main.name}.")
        module.__file__ = file
        sys.modules[name] = module
        try:
            code = compile(source.text, file, "exec")
            exec(code, module.__dict__)  # noqa: S102 - our own text: names are checked, values went through repr
        except BaseException:
            del sys.modules[name]
            raise
    with flattening(program, limits):
        made: nn.Module = getattr(sys.modules[name], source.class_name)()
    return made
