"""Configurations of Swin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Head, Positive, Probability, Problem, Width
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.spelling import Argument, call
from nnspec.huggingface.vision import Images, uncovered


class Swin(Images):
    """SwinConfig: attention within windows, which are shifted in every second layer."""

    activated = ("hidden_act",)
    supported: ClassVar = {**Images.supported, "use_absolute_embeddings": (False,)}
    passed = Images.passed | {"hidden_size", "num_layers", "path_norm"}  # made of the others; read by nothing
    renames = (("*.relative_position_index", ""),)

    patch_size: Width = 4
    embed_dim: Width = 96
    depths: tuple[Width, ...] = Field((2, 2, 6, 2), min_length=1)
    num_heads: tuple[Width, ...] = (3, 6, 12, 24)
    window_size: Width = 7
    mlp_ratio: Positive = 4.0
    qkv_bias: bool = True
    hidden_dropout_prob: Probability = 0.0
    attention_probs_dropout_prob: Probability = 0.0
    drop_path_rate: Probability = 0.1
    hidden_act: str = "gelu"
    use_absolute_embeddings: bool = False
    layer_norm_eps: Positive = 1e-5

    def problems(self) -> Iterator[Problem]:
        """As every part; heads for each stage, and maps that windows fit into."""
        yield from super().problems()
        if len(self.num_heads) != len(self.depths):
            text = f"num_heads has {len(self.num_heads)} numbers for {len(self.depths)} stages"
            yield Problem(("num_heads",), text)
        yield from uncovered(self.image_size, self.patch_size)
        smallest = -(-self.image_size // (self.patch_size * 2 ** (len(self.depths) - 1)))
        if smallest < self.window_size:
            text = f"window_size is {self.window_size}, and the last map has {smallest} places across"
            yield Problem(("window_size",), text)

    def network(self) -> list[str]:
        """The statements of the network without a head."""
        lines = ["embeddings: {", f"patch_embeddings.projection: Conv2d({self.embed_dim}, {self.patch_size}, "
                 f"stride = {self.patch_size}) -> Permute([0, 2, 3, 1])",
                 f"norm: LayerNorm -> {call('Dropout', self.hidden_dropout_prob)}", "}", "encoder: {",
                 "layers: {"]  # fmt: skip
        before, total = 0, sum(self.depths)
        for stage, (depth, heads) in enumerate(zip(self.depths, self.num_heads, strict=True)):
            rates = [round(self.drop_path_rate * at / max(total - 1, 1), 12) for at in range(before, before + depth)]
            more: dict[str, Argument] = {} if stage < len(self.depths) - 1 else {"merged": False}
            hidden = int(self.embed_dim * 2**stage * self.mlp_ratio)
            lines.append(call("Stage", heads=heads, window=self.window_size, hidden=hidden, rates=rates,
                              act=ACTIVATIONS[self.hidden_act], p=self.hidden_dropout_prob,
                              inner=self.attention_probs_dropout_prob, eps=self.layer_norm_eps, bias=self.qkv_bias,
                              **more))  # fmt: skip
            before += depth
        return [*lines, "}", "}", f"layernorm: {call('LayerNorm', eps=self.layer_norm_eps)}"]

    def bare(self) -> Draft:
        """Without a head: the places one after the other, and their mean."""
        lines = [self.image(), *self.network(), 'Rearrange("n h w c -> n (h w) c")', "output last_hidden_state = _",
                 "output pooler_output = mean(last_hidden_state, dim = 1)"]  # fmt: skip
        return Draft({"std/swin": ("Stage",)}, lines)

    def classifier(self) -> Draft:
        """The class of an image, from the mean of all places."""
        lines = [self.image(), "swin: {", *self.network(), "}",
                 "mean(swin, dim = [1, 2]) -> classifier: Linear(classes)", "output logits = classifier"]  # fmt: skip
        return Draft({"std/swin": ("Stage",)}, lines, self.choice)

    heads: ClassVar[dict[str, Head]] = {"SwinForImageClassification": classifier, "SwinModel": bare}
