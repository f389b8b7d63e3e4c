"""Every layer of nnspec keeps the contract of nnspec/testing/layers.py, the moment it exists; so do those of others."""

from __future__ import annotations

from typing import Any

import pytest

from nnspec.layers import registry
from nnspec.layers.base import Example, Layer
from nnspec.layers.families.folding import Fold
from nnspec.layers.families.grid import GridSample
from nnspec.testing.layers import Kept, check_declared, check_use
from nnspec.testing.uses import called_layer, concrete, make_inputs, sizes, spec
from nnspec.to_onnx.unsupported import UNSUPPORTED

__all__ = ["CASES", "called_layer", "concrete", "identifier", "make_inputs", "sizes", "spec"]

LAYERS = list(registry.all_layers())
CASES = [(layer, example) for layer in LAYERS for example in layer.examples]


def needs_newer(layer: type[Layer], example: Example) -> bool:
    """Whether the oldest opset has no operators for this use of the layer."""
    volume = layer is GridSample and ", 4, W]" in example.inputs[0]
    return layer is Fold or volume or "amax" in example.text or "amin" in example.text


def identifier(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else value.text


@pytest.mark.parametrize("layer", LAYERS, ids=identifier)
def test_every_layer_is_documented_and_lowered(layer: type[Layer]) -> None:
    check_declared(layer)


@pytest.mark.parametrize(("layer", "example"), CASES, ids=identifier)
def test_layer_keeps_its_contract(layer: type[Layer], example: Example) -> None:
    exported = layer not in UNSUPPORTED
    assert check_use(layer, example) == Kept(exported and needs_newer(layer, example), exported)
