"""The round trip: a spec becomes PyTorch, that is imported, and the result computes the same from the same weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import nnspec
from nnspec.dims import substitute, symbols
from nnspec.importing.from_torch.module import module_text, need_equal
from nnspec.ir.program import Program
from tests.reference.outline import Outline

SIZES = {"N": 2, "H": 64, "W": 64, "T": 7, "S": 5}
QUICK = ("zoo/espcn.nn", "zoo/vae.nn", "zoo/gru_regression.nn")
SLOW = (
    "zoo/squeezenet.nn", "zoo/mobilenet_v2.nn", "zoo/dcgan_generator.nn", "zoo/dcgan_discriminator.nn", "zoo/unet.nn",
    "zoo/seq2seq.nn", "zoo/softmax_regression.nn", "zoo/ae_conv.nn",
)  # fmt: skip


def example(program: Program) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Inputs of a program, and how its sizes are said to the importer."""
    given: dict[str, torch.Tensor] = {}
    dynamic: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for port, type in zip(program.main.inputs, program.main.input_types, strict=True):
        for size in type.shape:
            for symbol in () if isinstance(size, int) else symbols(size):
                sizes.setdefault(symbol.text, min(SIZES.get(symbol.text, 4), symbol.bounds[1] or 64))
        shape = [int(str(substitute(size, sizes))) for size in type.shape]
        count = torch.arange(torch.Size(shape).numel()).reshape(shape)
        given[port.name] = torch.rand(shape) if type.dtype == "float" else count.remainder(2)
        dynamic[port.name] = " ".join(str(size).replace(" ", "") for size in type.shape)
    return given, dynamic


def comes_back(path: str) -> None:
    """Check the round trip of a spec."""
    model = nnspec.load(path)
    module = model.to_torch().eval()
    given, dynamic = example(model.program)
    if isinstance(module, nn.Sequential):  # its forward calls what comes in `input`
        given, dynamic = {"input": given.popitem()[1]}, {"input": dynamic.popitem()[1]}
    back = nnspec.loads(module_text(module, given, dynamic, model.name))
    need_equal(module, back.program, given)
    outline = Outline()
    assert outline.of(back.program) == outline.of(model.program)


@pytest.mark.parametrize("path", QUICK)
def test_a_spec_comes_back_through_pytorch(path: str) -> None:
    comes_back(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", SLOW)
def test_larger_specs_come_back_through_pytorch(path: str) -> None:
    comes_back(path)
