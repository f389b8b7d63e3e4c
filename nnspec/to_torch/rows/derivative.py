"""PyTorch rows of derivatives."""

from __future__ import annotations

from nnspec.layers.families.derivative import Detach, Gradient, Jacobian, Tracked
from nnspec.to_torch.row import LayerUse, OwnFunction, row


@row(Detach)
def _(layer: Detach, use: LayerUse) -> str:
    return f"{use.inputs[0]}.detach()"


@row(Tracked)
def _(layer: Tracked, use: LayerUse) -> str:
    return f"{use.inputs[0]}.requires_grad_()"


@row(Gradient)
def _(layer: Gradient, use: LayerUse) -> str:
    return f"torch.autograd.grad({use.inputs[0]}.sum(), {use.inputs[1]}, create_graph=True)[0]"


JACOBIAN = """
def jacobian(output, input):
    size = output.shape[1]
    each = torch.eye(size, device=output.device, dtype=output.dtype)[:, None].expand(-1, len(output), -1)
    rows = torch.autograd.grad(output, input, each, create_graph=True, is_grads_batched=True)[0]
    return rows.movedim(0, 1)  # [N, size, ...]
"""


@row(Jacobian)
def _(layer: Jacobian, use: LayerUse) -> OwnFunction:
    return OwnFunction("jacobian", JACOBIAN, f"jacobian({use.inputs[0]}, {use.inputs[1]})")
