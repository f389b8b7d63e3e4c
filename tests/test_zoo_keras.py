"""Every spec that Keras has a network for against what Keras prints of it: counts, shapes, weights, padding."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from reference.keras import KERAS, KINDS, LEFT_OUT
from reference.records import SPECS, record

import nnspec
from nnspec.ir import Module, Program
from nnspec.ir.macs import macs
from nnspec.ir.state import state_dict, totals
from nnspec.layers.base import Layer
from nnspec.layers.families.convolution import Conv2d
from nnspec.layers.families.normalization import BatchNorm2d
from nnspec.layers.tensor_type import TensorType

RECURRENT = ("LSTM", "GRU")


class Row(NamedTuple):
    """One layer; `kept` counts its parameters and its moving statistics, as Keras does."""

    kind: str
    shape: tuple[int, ...]
    kept: int


def translated(shape: list[int]) -> tuple[int, ...]:
    """A shape of Keras with the channels first; a vector over all pixels is as long in either order."""
    return (shape[0], shape[3], shape[1], shape[2]) if len(shape) == 4 else tuple(shape)


@cache
def program(name: str) -> Program:
    """The program of a record's spec, with the sizes of the record; `MnistMLP` takes images, Keras their pixels."""
    file, model, settings = KERAS[name]
    ports = nnspec.load(SPECS / file, model, settings=settings).program.main.inputs
    shapes = [translated(given["shape"]) for given in record(name)["inputs"]]
    if name == "keras_mnist_mlp":
        shapes = [(1, 1, 28, 28)]
    inputs = {port.name: shape for port, shape in zip(ports, shapes, strict=True)}
    return nnspec.load(SPECS / file, model, settings=settings, inputs=inputs).program


def layers(program: Program, module: Module) -> Iterator[tuple[Layer, tuple[TensorType | None, ...], TensorType]]:
    """Every application of a layer with the types that it takes and its first result, repeats expanded."""
    for call in module.calls:
        for _ in range(call.count):
            if isinstance(call.callee, str):
                yield from layers(program, program.modules[call.callee])
            else:
                yield call.callee, module.types(call.inputs), module.values[call.outputs[0]]


def rows(name: str) -> Iterator[Row]:
    """The layers of the spec."""
    for layer, inputs, result in layers(program(name), program(name).main):
        shape: Any = result.shape
        kept = sum(weight.elements for weight in layer.weights(*inputs) if weight.dtype == "float")
        yield Row(layer.kind, shape, kept)


@pytest.mark.parametrize("name", KERAS)
def test_totals_are_those_that_keras_prints(name: str) -> None:
    wanted, ours = record(name), program(name)
    total = totals(ours)[ours.entry]
    kept = sum(entry.weight.elements for entry in state_dict(ours) if entry.weight.dtype == "float")
    assert (kept, total.trainable, macs(ours)[ours.entry]) == (
        wanted["params"]["total"],
        wanted["params"]["trainable"],
        wanted["flops"]["macs"],
    )


@pytest.mark.parametrize("name", KERAS)
def test_outputs_have_the_shapes_of_keras(name: str) -> None:
    main = program(name).main
    ours = [main.values[port.value].shape for port in main.outputs]
    assert ours == [translated(shape) for shape in record(name)["outputs"].values()]


@pytest.mark.parametrize("name", KERAS)
def test_the_layers_of_keras_occur_in_their_order(name: str) -> None:
    """Kind, shape of the result with the channels first, weights with the moving statistics."""
    remaining = rows(name)
    for path, kind, shape, kept, *_ in record(name)["keras_layers"]:
        if kind in LEFT_OUT:
            assert kept == 0
            continue
        found = next((row for row in remaining if row.kind in KINDS[kind]), None)
        assert found is not None, f"{path} is missing, or not in its place"
        assert found.kept == kept, path
        ours, wanted = found.shape, translated(shape)
        if kind in RECURRENT:  # the layers of a spec give every step, Keras may give the last one alone
            ours, wanted = (ours[0], ours[-1]), (wanted[0], wanted[-1])
        assert ours == wanted, path


@pytest.mark.parametrize("name", KERAS)
def test_weights_are_those_of_keras_in_its_order(name: str) -> None:
    ours = [entry.weight.shape for entry in state_dict(program(name)) if entry.weight.dtype == "float"]
    assert ours == [shape for path, kept in record(name)["weights"] for shape in weight_shapes(path, kept)]


def weight_shapes(path: str, shape: list[int]) -> list[tuple[int, ...]]:
    """The shapes of a weight of Keras in a `state_dict`."""
    if len(shape) == 4:
        height, width, first, second = shape
        depthwise = "depthwise" in path or path.startswith("conv_dw")
        return [(first * second, 1, height, width) if depthwise else (second, first, height, width)]
    if path.endswith("kernel"):
        return [tuple(shape[::-1])]
    if "gru" in path and path.endswith("bias"):  # the two bias vectors as the rows of one
        return [(shape[1],)] * shape[0]
    return [tuple(shape)]


@pytest.mark.parametrize("name", ["keras_mobilenet", "keras_mobilenet_v2"])
def test_mobile_networks_pad_and_normalise_as_keras_does(name: str) -> None:
    """Zeros behind the last row and column where the stride is 2 and the size even; 0.001 added to the variances."""
    strides, norms = 0, 0
    for layer, inputs, _ in layers(program(name), program(name).main):
        if isinstance(layer, Conv2d) and layer.stride == 2:
            assert inputs[0] is not None
            assert [(window.begin, window.end) for window in layer.windows(inputs[0])] == [(0, 1), (0, 1)]
            strides += 1
        if isinstance(layer, BatchNorm2d):
            assert layer.eps == 0.001
            norms += 1
    assert strides == 5
    assert norms == sum(kind == "BatchNormalization" for _, kind, *_ in record(name)["keras_layers"])
