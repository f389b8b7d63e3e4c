"""PyTorch rows of the lookups."""

from __future__ import annotations

from nnspec.layers.families.embedding import Embedding, OneHot
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(Embedding)
def _(layer: Embedding, use: LayerUse) -> Submodule:
    return Submodule("nn.Embedding", (layer.num_embeddings, layer.embedding_dim), changed(layer, "padding_idx"))


@row(OneHot)
def _(layer: OneHot, use: LayerUse) -> str:
    return f"F.one_hot({use.inputs[0]}, {layer.num_classes})"
