"""Configurations of DINOv2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nnspec.huggingface.configuration import Head, Positive, Probability, Problem, Width
from nnspec.huggingface.draft import Draft, Variant
from nnspec.huggingface.spelling import Argument, Written, call
from nnspec.huggingface.vision import Images, uncovered


class DINOv2(Images):
    """Dinov2Config: a vision transformer whose branches are scaled; images may have another size than its positions."""

    supported: ClassVar = {
        **Images.supported, "mlp_ratio": (4,), "hidden_act": ("gelu",), "hidden_dropout_prob": (0.0,),
        "attention_probs_dropout_prob": (0.0,), "qkv_bias": (True,), "drop_path_rate": (0.0,),
        "use_mask_token": (True,),
    }  # fmt: skip
    passed = Images.passed | {"apply_layernorm", "reshape_hidden_states"}  # of what is made for detectors

    hidden_size: Width = 768
    num_hidden_layers: Width = 12
    num_attention_heads: Width = 12
    mlp_ratio: float = 4
    hidden_act: str = "gelu"
    hidden_dropout_prob: Probability = 0.0
    attention_probs_dropout_prob: Probability = 0.0
    layer_norm_eps: Positive = 1e-6
    patch_size: Width = 14
    qkv_bias: bool = True
    layerscale_value: float = 1.0
    drop_path_rate: Probability = 0.0
    use_swiglu_ffn: bool = False
    use_mask_token: bool = True

    def problems(self) -> Iterator[Problem]:
        """As every part; patches that fill the image."""
        yield from super().problems()
        yield from uncovered(self.image_size, self.patch_size)

    @property
    def sizes(self) -> list[str]:
        """The parameters for images of other sizes."""
        return [f"H = {self.image_size}", f"W = {self.image_size}"]

    def arguments(self) -> dict[str, Argument]:
        """Sizes, and the kind of the perceptrons."""
        return {
            "width": self.hidden_size,
            "depth": self.num_hidden_layers,
            "heads": self.num_attention_heads,
            **({"mlp": Written("SwiGLU")} if self.use_swiglu_ffn else {}),
            "patch": self.patch_size,
            "size": self.image_size,
            "scale": self.layerscale_value,
            "eps": self.layer_norm_eps,
            "H": Written("H"),
            "W": Written("W"),
        }

    def bare(self) -> Draft | Variant:
        """Without a head."""
        if not self.use_swiglu_ffn:
            return Variant("dinov2", "DINOv2", self.arguments(), self.sizes)
        return Variant("dinov2", "DINOv2", self.arguments(), self.sizes, ("SwiGLU",))

    def classifier(self) -> Draft:
        """The class of an image, from the first place and the mean of its patches."""
        lines = [
            "input image: float[N, 3, H, W]",
            f"image -> dinov2: {call('DINOv2', **self.arguments())}",
            "(dinov2[:, 0], mean(dinov2[:, 1:], dim = 1)) -> Concat(dim = 1) -> classifier: Linear(classes)",
            "output logits = classifier",
        ]
        names = ("DINOv2", "SwiGLU") if self.use_swiglu_ffn else ("DINOv2",)
        return Draft({"dinov2": names}, lines, [*self.choice, *self.sizes])

    heads: ClassVar[dict[str, Head]] = {"Dinov2Model": bare, "Dinov2ForImageClassification": classifier}
