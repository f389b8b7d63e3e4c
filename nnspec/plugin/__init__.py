"""The words of those who write a plug-in: bases to derive from, and the functions that register what is derived.

A layer, loss or metric is a class with a row for PyTorch and one for ONNX, or the reason why there is none; a data set,
augmentation, optimizer or schedule is a class with a `word`, and a function that carries it out; a callback is a class.
nnspec's own are registered by the same functions. This imports nothing heavy.
"""

from nnspec.callbacks.callback import Callback, Checkpoint, Progress, Row, Step, register_callback
from nnspec.layers.activation import Activation
from nnspec.layers.base import Example, Initial, Layer, Weight
from nnspec.layers.loss import ElementwiseLoss, Loss
from nnspec.layers.registry import register_layer
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType
from nnspec.recipe.augmentation import Augmentation
from nnspec.recipe.data import Data
from nnspec.recipe.fields import Field, Fields, classes, pictures
from nnspec.recipe.optimizers import Optimizer
from nnspec.recipe.schedules import Schedule
from nnspec.to_onnx.row import no_row as register_no_onnx_row
from nnspec.to_onnx.row import row as register_onnx_row
from nnspec.to_torch.row import OwnFunction, Submodule
from nnspec.to_torch.row import row as register_torch_row
from nnspec.train.pace import Course, Curve, Pace
from nnspec.train.rows import register_augmentation, register_data, register_optimizer, register_schedule

__all__ = [
    "Activation",
    "ArgumentError",
    "Augmentation",
    "Callback",
    "Checkpoint",
    "Course",
    "Curve",
    "Data",
    "ElementwiseLoss",
    "Example",
    "Field",
    "Fields",
    "Initial",
    "InputError",
    "Layer",
    "Loss",
    "Optimizer",
    "OwnFunction",
    "Pace",
    "Progress",
    "Row",
    "Schedule",
    "Step",
    "Submodule",
    "TensorType",
    "Weight",
    "classes",
    "pictures",
    "register_augmentation",
    "register_callback",
    "register_data",
    "register_layer",
    "register_no_onnx_row",
    "register_onnx_row",
    "register_optimizer",
    "register_schedule",
    "register_torch_row",
]
