"""PyTorch rows of the layers that rearrange a tensor."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.families.axes import Permute, Squeeze, Transpose, Unsqueeze
from nnspec.layers.families.rearranging import Rearrange
from nnspec.layers.families.shape import Flatten, Identity, Reshape, Unflatten
from nnspec.to_torch.number import is_written
from nnspec.to_torch.operands import tuple_text
from nnspec.to_torch.reshaping import reshaped
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(Identity)
def _(layer: Identity, use: LayerUse) -> Submodule:
    return Submodule("nn.Identity", expression="{0}")


@row(Flatten)
def _(layer: Flatten, use: LayerUse) -> Submodule:
    return Submodule(
        "nn.Flatten",
        keywords=changed(layer, "start_dim", "end_dim"),
        expression=f"{{0}}.flatten({layer.start_dim}{'' if layer.end_dim == -1 else f', {layer.end_dim}'})",
    )


@row(Unflatten)
def _(layer: Unflatten, use: LayerUse) -> Submodule | str:
    expression = f"unflatten({layer.dim}, {tuple_text(map(use.size, layer.unflattened_size))})"
    if all(isinstance(size, int) for size in layer.unflattened_size):
        return Submodule("nn.Unflatten", (layer.dim, layer.unflattened_size), expression=f"{{0}}.{expression}")
    return f"{use.inputs[0]}.{expression}"


@row(Reshape)
def _(layer: Reshape, use: LayerUse) -> str:
    return reshaped(str(use.inputs[0]), use.type_of().shape, layer.shape, use.size)


@row(Permute)
def _(layer: Permute, use: LayerUse) -> str:
    return f"{use.inputs[0]}.permute({', '.join(map(str, layer.dims)) or '()'})"


@row(Transpose)
def _(layer: Transpose, use: LayerUse) -> str:
    return f"{use.inputs[0]}.transpose({layer.dim0}, {layer.dim1})"


@row(Squeeze)
def _(layer: Squeeze, use: LayerUse) -> str:
    return f"{use.inputs[0]}.squeeze({layer.dim})"


@row(Unsqueeze)
def _(layer: Unsqueeze, use: LayerUse) -> str:
    return f"{use.inputs[0]}.unsqueeze({layer.dim})"


@row(Rearrange)
def _(layer: Rearrange, use: LayerUse) -> str:
    plan, shape = layer.plan(use.type_of()), use.type_of().shape
    text = reshaped(str(use.inputs[0]), shape, _told(plan.split, shape), use.size)
    if plan.order != tuple(range(len(plan.order))):
        text += f".permute({', '.join(map(str, plan.order))})"
    return reshaped(text, tuple(plan.split[index] for index in plan.order), _told(plan.joined, shape), use.size)


def _told(sizes: tuple[Size, ...], shape: tuple[Size, ...]) -> tuple[Size, ...]:
    """The sizes, written as those of a shape that they are."""
    known = {size: size for size in shape if is_written(size)}
    return tuple(size if is_written(size) else known.get(size, size) for size in sizes)
