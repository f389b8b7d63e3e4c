"""Configurations of ConvNeXt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Head, Positive, Probability, Problem, Width
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.spelling import Argument, call
from nnspec.huggingface.vision import Images


class ConvNeXt(Images):
    """ConvNextConfig: convolutions, arranged as a transformer is."""

    activated = ("hidden_act",)

    patch_size: Width = 4
    num_stages: Width = 4
    hidden_sizes: tuple[Width, ...] = Field((96, 192, 384, 768), min_length=1)
    depths: tuple[Width, ...] = (3, 3, 9, 3)
    hidden_act: str = "gelu"
    layer_norm_eps: Positive = 1e-12
    layer_scale_init_value: Annotated[float, Field(ge=0)] = 1e-6
    drop_path_rate: Probability = 0.0

    def problems(self) -> Iterator[Problem]:
        """As every part; a width and a depth for each stage."""
        yield from super().problems()
        for name in ("hidden_sizes", "depths"):
            if len(getattr(self, name)) != self.num_stages:
                text = f"{name} has {len(getattr(self, name))} numbers for {self.num_stages} stages"
                yield Problem((name,), text)

    def network(self) -> list[str]:
        """The statements of the network, without the mean of all places."""
        lines = ["embeddings: {",
                 f"patch_embeddings: Conv2d({self.hidden_sizes[0]}, {self.patch_size}, stride = {self.patch_size})",
                 "layernorm: LayerNorm2d(eps = 1e-6)", "}", "encoder: {", "stages: {"]  # fmt: skip
        before, total = 0, sum(self.depths)
        for stage, (depth, width) in enumerate(zip(self.depths, self.hidden_sizes, strict=True)):
            rates = [round(self.drop_path_rate * at / max(total - 1, 1), 12) for at in range(before, before + depth)]
            more: dict[str, Argument] = {"first": True} if stage == 0 else {}
            lines.append(
                call(
                    "Stage",
                    width=width,
                    rates=rates,
                    scale=self.layer_scale_init_value,
                    act=ACTIVATIONS[self.hidden_act],
                    **more,
                )
            )
            before += depth
        return [*lines, "}", "}"]

    @property
    def pooled(self) -> str:
        """The statement for the mean of all places."""
        return f"mean(_, dim = [2, 3]) -> layernorm: {call('LayerNorm', eps=self.layer_norm_eps)}"

    def bare(self) -> Draft:
        """Without a head: the map, and its mean."""
        lines = [self.image(), *self.network(), "output last_hidden_state = _", f"output pooler_output = {self.pooled}"]
        return Draft({"std/convnext": ("Stage",)}, lines)

    def classifier(self) -> Draft:
        """The class of an image, from the mean of all places."""
        lines = [self.image(), "convnext: {", *self.network(), self.pooled, "}", "classifier: Linear(classes)",
                 "output logits = classifier"]  # fmt: skip
        return Draft({"std/convnext": ("Stage",)}, lines, self.choice)

    heads: ClassVar[dict[str, Head]] = {"ConvNextForImageClassification": classifier, "ConvNextModel": bare}
