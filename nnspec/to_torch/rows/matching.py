"""PyTorch rows of losses that match vectors and sequences."""

from __future__ import annotations

from nnspec.layers.families.matching import CosineSimilarity, CTCLoss, InfoNCE
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import Call, Function, changed, row

INFO_NCE = """
def info_nce(input, target, temperature):
    logits = F.normalize(input, dim=1) @ F.normalize(target, dim=1).T / temperature  # [N, N]
    return F.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
"""

CTC = """
def ctc(log_probabilities, target, blank):
    length = torch.full_like(target[:, 0], log_probabilities.shape[1])
    return F.ctc_loss(
        log_probabilities.transpose(0, 1), target, length, (target != blank).sum(1), blank, zero_infinity=True
    )
"""


@row(CosineSimilarity)
def _(layer: CosineSimilarity, call: Call) -> str:
    return f"F.cosine_similarity({written(*map(str, call.inputs), **changed(layer, 'dim', 'eps'))})"


@row(InfoNCE)
def _(layer: InfoNCE, call: Call) -> Function:
    return Function("info_nce", INFO_NCE, f"info_nce({call.inputs[0]}, {call.inputs[1]}, {layer.temperature})")


@row(CTCLoss)
def _(layer: CTCLoss, call: Call) -> Function:
    return Function("ctc", CTC, f"ctc({call.inputs[0]}, {call.inputs[1]}, {layer.blank})")
