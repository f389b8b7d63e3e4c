"""The words of those who write a plug-in: layers, losses and metrics with their rows; more is beside `register_*`."""

from nnspec.layers.activation import Activation
from nnspec.layers.base import Example, Initial, Layer, Weight
from nnspec.layers.loss import ElementwiseLoss, Loss
from nnspec.layers.registry import register_layer
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType
from nnspec.to_onnx.row import no_row as register_no_onnx_row
from nnspec.to_onnx.row import row as register_onnx_row
from nnspec.to_torch.row import OwnFunction, Submodule
from nnspec.to_torch.row import row as register_torch_row

__all__ = [
    "Activation",
    "ArgumentError",
    "ElementwiseLoss",
    "Example",
    "Initial",
    "InputError",
    "Layer",
    "Loss",
    "OwnFunction",
    "Submodule",
    "TensorType",
    "Weight",
    "register_layer",
    "register_no_onnx_row",
    "register_onnx_row",
    "register_torch_row",
]
