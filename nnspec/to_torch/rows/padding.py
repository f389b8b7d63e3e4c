"""PyTorch rows of the paddings."""

from __future__ import annotations

from nnspec.layers.families.padding import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    Pad,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from nnspec.to_torch.operands import within
from nnspec.to_torch.row import LayerUse, Raw, Submodule, changed, row


@row(Pad)
def _(layer: Pad, use: LayerUse) -> str:
    padding = layer.padding
    if layer.mode != "constant":  # torch wants an entry for all dimensions but the first two
        padding += (0,) * (2 * (use.results[0].rank - 2) - len(padding))
    keywords = changed(layer, "mode", "value")
    if "value" in keywords and use.type_of().dtype == "float":
        keywords["value"] = Raw(within(keywords["value"], f"{use.inputs[0]}.dtype"))
    options = "".join(f", {name}={value!r}" for name, value in keywords.items())
    return f"F.pad({use.inputs[0]}, {padding!r}{options})"


@row(
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
)
def _(layer: ZeroPad2d, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind}", (layer.padding,))


@row(ConstantPad1d, ConstantPad2d, ConstantPad3d)
def _(layer: ConstantPad2d, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind}", (layer.padding, layer.value))
