"""The base of configurations of networks for images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from nnspec.huggingface.configuration import Configuration, Problem, Width


def uncovered(image: int, patch: int) -> Iterator[Problem]:
    """That patches do not fill the image, if they do not."""
    if image % patch:
        yield Problem(("patch_size",), f"patch_size is {patch}, which does not divide image_size")


class Images(Configuration):
    """The base of configurations of networks for images."""

    supported: ClassVar[dict[str, tuple[Any, ...]]] = {**Configuration.supported, "num_channels": (3,)}
    passed = frozenset({"encoder_stride", "image_mean", "image_std", "out_features", "out_indices", "stage_names"})

    image_size: Width = 224
    num_channels: Width = 3

    def image(self) -> str:
        """The statement for the input."""
        return f"input image: float[N, 3, {self.image_size}, {self.image_size}]"

    @property
    def choice(self) -> list[str]:
        """The parameters of a classifier."""
        return [f"classes = {self.classes}"]
