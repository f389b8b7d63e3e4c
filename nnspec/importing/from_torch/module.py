"""`module_text`: the text of a spec for a module of PyTorch, and the comparison of what was written with the module."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from nnspec.diagnostics import SpecError
from nnspec.importing.assemble import Assembled, assembled
from nnspec.importing.by_hand.attention import attend
from nnspec.importing.by_hand.graph import Graph
from nnspec.importing.by_hand.rotary import rotate
from nnspec.importing.from_torch.compare import compared
from nnspec.importing.from_torch.export import bound, export
from nnspec.importing.from_torch.reading import read
from nnspec.importing.mistakes import OtherOutcome
from nnspec.ir.program import Program


@contextmanager
def keeping() -> Iterator[None]:
    """Python looks for no garbage meanwhile.

    Graphs are full of cycles that live until the end of an import: to look at them again and again takes a fifth of it.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def module_text(module: nn.Module, inputs: Any, dynamic: Mapping[str, str], name: str | None) -> Assembled:
    """The text of a spec for a module.

    Args:
        module: what is imported; it is left as it was.
        inputs: an example: a tensor, several in order, or by the names of `forward`'s parameters.
        dynamic: the sizes of inputs by name, `"N 3 H W"`; those of the example where it is left out.
        name: what the model is called; its class if it is left out.

    Raises:
        SpecError: it cannot be exported, or does what no spec can say.
    """
    with torch.device("cpu"):  # whatever the default is where it is called, what is read of buffers is computed there
        exported = export(module, bound(module, inputs), dynamic)
        network = read(exported)
    graph = Graph(network)
    rotate(graph)
    attend(graph)
    count = sum(each.numel() for each in module.parameters())
    words = f"{type(module).__name__}, as PyTorch has it: {count:,} parameters."
    if network.loaded:
        buffers = ", ".join(dict.fromkeys(key.rpartition(".")[2] for key in network.loaded))
        words += f"\nThe numbers of its buffers ({buffers}) are not here: they come with its weights."
    if exported.dropouts is None:
        words += (
            "\nDropout that its code does in training only is not here: training cannot be traced as evaluation is."
        )
    return assembled(network.replace(name=name or network.name, documentation=words))


def need_equal(module: nn.Module, program: Program, inputs: Any) -> tuple[str, ...]:
    """Check that a program is the module that it was written from; what should be known of how it was compared.

    Raises:
        SpecError: it has other weights, or gives other results for the example.
    """
    outcome = compared(module, program, bound(module, inputs))
    if outcome.found:
        raise SpecError.of(OtherOutcome(None, outcome.found))
    return outcome.notes
