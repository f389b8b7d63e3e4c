"""`torch_source`: a program as standalone PyTorch source."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pprint import pformat
from threading import Lock
from typing import Any

from nnspec.ir import Program
from nnspec.to_torch.classes import Classes
from nnspec.to_torch.form import Forms
from nnspec.to_torch.reuse import check_reuse

_IMPORTS = {
    "math": "import math",
    "OrderedDict": "from collections import OrderedDict",
    "partial": "from functools import partial",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
}


class GeneratedSource:
    """Generated source, the name of the class that is the model, and those of the classes of modules by their keys."""

    def __init__(self, text: str, class_name: str, classes: Mapping[str, str]) -> None:
        self.text = text
        self.class_name = class_name
        self.classes = classes


# Texts are composed by their trees, which CPython 3.11 and 3.12 make in one thread at a time only (its issue 106905).
_READING = Lock()


def torch_source(program: Program, constants: Mapping[str, Any] | None = None) -> GeneratedSource:
    """Readable PyTorch source for a program; it imports nothing but torch and the standard library.

    `constants` are lists and dictionaries of texts that stand in front of it: what the numbers of the model mean.

    Raises:
        SpecError: a layer cannot be written in PyTorch.
    """
    with _READING:
        return _write(program, constants or {})


def _write(program: Program, constants: Mapping[str, Any]) -> GeneratedSource:
    forms = Forms(program)
    check_reuse(program, forms)
    classes = Classes(forms)
    texts = classes.write()
    meanings = [_constant(name, value) for name, value in constants.items()]
    parts = [*meanings, *_used(forms.sources, texts), *texts]
    body = "\n\n".join(part.rstrip() + "\n" for part in parts)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    found = [line for name, line in _IMPORTS.items() if name in used]
    standard = [line for line in found if "torch" not in line]
    third = [line for line in found if "torch" in line]
    imports = "\n\n".join("\n".join(group) for group in (standard, third) if group)
    head = f'"""{program.main.name}, written by nnspec. Needs PyTorch alone."""\n\n'
    return GeneratedSource(f"{head}{imports}\n\n\n{body}", classes.entry_name, classes.names)


def _used(sources: Mapping[str, str], texts: list[str]) -> list[str]:
    """The functions and classes that rows bring along, without those that nothing needs after all."""
    needed, found = "\n".join(texts), list[str]()
    for name, text in reversed([*sources.items()]):
        if re.search(rf"\b{re.escape(name)}\b", needed):
            found.append(text)
            needed += text
    return found[::-1]


def _constant(name: str, value: Any) -> str:
    """A constant, over as many lines as it takes."""
    return f"{name} = {pformat(value, width=100, compact=True, sort_dicts=False)}"
