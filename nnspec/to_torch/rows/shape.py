"""PyTorch rows of the layers that rearrange a tensor."""

from __future__ import annotations

from nnspec.layers.families.axes import Permute, Squeeze, Transpose, Unsqueeze
from nnspec.layers.families.rearranging import Rearrange
from nnspec.layers.families.shape import Flatten, Identity, Reshape, Unflatten
from nnspec.to_torch.operands import tuple_text
from nnspec.to_torch.reshaping import reshaped
from nnspec.to_torch.row import Call, Submodule, changed, row


@row(Identity)
def _(layer: Identity, call: Call) -> Submodule:
    return Submodule("nn.Identity", expression="{0}")


@row(Flatten)
def _(layer: Flatten, call: Call) -> Submodule:
    return Submodule(
        "nn.Flatten",
        keywords=changed(layer, "start_dim", "end_dim"),
        expression=f"{{0}}.flatten({layer.start_dim}{'' if layer.end_dim == -1 else f', {layer.end_dim}'})",
    )


@row(Unflatten)
def _(layer: Unflatten, call: Call) -> Submodule | str:
    expression = f"unflatten({layer.dim}, {tuple_text(map(call.size, layer.unflattened_size))})"
    if all(isinstance(size, int) for size in layer.unflattened_size):
        return Submodule("nn.Unflatten", (layer.dim, layer.unflattened_size), expression=f"{{0}}.{expression}")
    return f"{call.inputs[0]}.{expression}"


@row(Reshape)
def _(layer: Reshape, call: Call) -> str:
    return reshaped(str(call.inputs[0]), call.type_of().shape, layer.shape, call.size)


@row(Permute)
def _(layer: Permute, call: Call) -> str:
    return f"{call.inputs[0]}.permute({', '.join(map(str, layer.dims)) or '()'})"


@row(Transpose)
def _(layer: Transpose, call: Call) -> str:
    return f"{call.inputs[0]}.transpose({layer.dim0}, {layer.dim1})"


@row(Squeeze)
def _(layer: Squeeze, call: Call) -> str:
    return f"{call.inputs[0]}.squeeze({layer.dim})"


@row(Unsqueeze)
def _(layer: Unsqueeze, call: Call) -> str:
    return f"{call.inputs[0]}.unsqueeze({layer.dim})"


@row(Rearrange)
def _(layer: Rearrange, call: Call) -> str:
    plan = layer.plan(call.type_of())
    text = reshaped(str(call.inputs[0]), call.type_of().shape, plan.split, call.size)
    if plan.order != tuple(range(len(plan.order))):
        text += f".permute({', '.join(map(str, plan.order))})"
    return reshaped(text, tuple(plan.split[index] for index in plan.order), plan.joined, call.size)
