"""PyTorch rows of the activation functions."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.rectifiers import Hardtanh, LeakyReLU, PReLU, ReLU, ReLU6, RReLU, Threshold
from nnspec.layers.families.shrinking import Hardshrink, Softshrink, Tanhshrink
from nnspec.layers.families.sigmoids import GLU, Hardsigmoid, Hardswish, LogSigmoid, Sigmoid, Softsign, Tanh
from nnspec.layers.families.smooth import CELU, ELU, GELU, SELU, Mish, SiLU, Softplus
from nnspec.layers.families.softmax import LogSoftmax, Softmax, Softmax2d, Softmin
from nnspec.to_torch.row import LayerUse, Submodule, changed, functional, row


@row(ReLU, ReLU6, SELU, SiLU, Mish, LogSigmoid, Tanhshrink, Softsign, Hardswish, Hardsigmoid)
def _(layer: Layer, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind}", expression=f"F.{layer.function}({{0}})")


@row(Sigmoid, Tanh)
def _(layer: Layer, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind}", expression=f"torch.{layer.function}({{0}})")


@row(LeakyReLU, ELU, CELU, Softshrink, Hardshrink)
def _(layer: Layer, use: LayerUse) -> Submodule:
    arguments = tuple(changed(layer, *type(layer).model_fields).values())
    return Submodule(f"nn.{layer.kind}", arguments, expression=functional(f"F.{layer.function}", arguments))


@row(GELU, Softplus, Hardtanh, GLU)
def _(layer: Layer, use: LayerUse) -> Submodule:
    keywords = changed(layer, *type(layer).model_fields)
    return Submodule(f"nn.{layer.kind}", (), keywords, expression=functional(f"F.{layer.function}", (), keywords))


@row(PReLU)
def _(layer: PReLU, use: LayerUse) -> Submodule:
    return Submodule("nn.PReLU", tuple(changed(layer, "num_parameters").values()), changed(layer, "init"))


@row(RReLU)
def _(layer: RReLU, use: LayerUse) -> Submodule:
    keywords = changed(layer, "lower", "upper")
    text = functional("F.rrelu", (), keywords).removesuffix(")")
    return Submodule("nn.RReLU", (), keywords, expression=f"{text}, training=self.training)")


@row(Threshold)
def _(layer: Threshold, use: LayerUse) -> Submodule:
    arguments = (layer.threshold, layer.value)
    return Submodule("nn.Threshold", arguments, expression=functional("F.threshold", arguments))


@row(Softmax, Softmin, LogSoftmax)
def _(layer: Softmax, use: LayerUse) -> Submodule:
    keywords = {"dim": layer.dim}  # always written: torch's own default is deprecated
    return Submodule(f"nn.{layer.kind}", (), keywords, expression=functional(f"F.{layer.function}", (), keywords))


@row(Softmax2d)
def _(layer: Softmax2d, use: LayerUse) -> Submodule:
    return Submodule("nn.Softmax2d", expression="F.softmax({0}, dim=1)")
