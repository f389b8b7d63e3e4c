"""PyTorch rows of losses that match vectors and sequences."""

from __future__ import annotations

from nnspec.layers.families.matching import CosineSimilarity, CTCLoss, InfoNCE
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import LayerUse, OwnFunction, changed, row

INFO_NCE = """
def info_nce(input, target, temperature):
    wide = torch.promote_types(input.dtype, torch.float32)  # lengths may be beyond 16 bits
    input, target = (F.normalize(each.to(wide), dim=1).to(each.dtype) for each in (input, target))
    logits = input @ target.T / temperature  # [N, N]
    return F.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
"""

CTC = """
def ctc(log_probabilities, target, blank):
    length = torch.full_like(target[:, 0], log_probabilities.shape[1])
    wide = torch.promote_types(log_probabilities.dtype, torch.float32)  # torch has it in 32 bits and more
    scores, lengths = log_probabilities.transpose(0, 1).to(wide), (target != blank).sum(1)
    loss = F.ctc_loss(scores, target, length, lengths, blank, zero_infinity=True)
    return loss.to(log_probabilities.dtype)
"""


@row(CosineSimilarity)
def _(layer: CosineSimilarity, use: LayerUse) -> str:
    inputs = [f"{name}.to(wide)" for name in use.inputs]  # lengths may be beyond 16 bits
    return f"F.cosine_similarity({written(*inputs, **changed(layer, 'dim', 'eps'))}).to({use.dtype})"


@row(InfoNCE)
def _(layer: InfoNCE, use: LayerUse) -> OwnFunction:
    return OwnFunction("info_nce", INFO_NCE, f"info_nce({use.inputs[0]}, {use.inputs[1]}, {layer.temperature})")


@row(CTCLoss)
def _(layer: CTCLoss, use: LayerUse) -> OwnFunction:
    return OwnFunction("ctc", CTC, f"ctc({use.inputs[0]}, {use.inputs[1]}, {layer.blank})")
