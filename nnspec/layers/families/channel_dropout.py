"""Layers that drop whole channels or samples at random in training, and do nothing in evaluation."""

from typing import ClassVar, Literal

from nnspec.layers.base import Example
from nnspec.layers.dropping import Dropping
from nnspec.layers.numbers import Probability
from nnspec.layers.tensor_type import InputError, TensorType


class _DroppingChannels(Dropping):
    """A layer that drops whole channels (dimension 1) of values with `rank` dimensions."""

    rank: ClassVar[int]

    def infer(self, input: TensorType) -> TensorType:
        if input.rank != self.rank:
            fitting = f"Dropout{input.rank - 2}d drops whole channels of it, " if input.rank in (3, 4, 5) else ""
            raise InputError(
                f"needs {self.rank} dimensions, and gets {input.rank}: {input}",
                help=f"{fitting}Dropout drops single values of any shape",
            )
        return super().infer(input)


class Dropout1d(_DroppingChannels):
    """Drops whole channels of a sequence with probability `p` in training.

    Shapes: [N, C, L], kept. Source: torch.nn.Dropout1d.
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    function: ClassVar[str | None] = "dropout1d"
    rank: ClassVar = 3
    examples: ClassVar = (Example("Dropout1d(0.2)", ("float[N, 3, T]",)),)

    p: Probability = 0.5


class Dropout2d(_DroppingChannels):
    """Drops whole channels of an image with probability `p` in training.

    Shapes: [N, C, H, W], kept. Source: torch.nn.Dropout2d.
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    function: ClassVar[str | None] = "dropout2d"
    rank: ClassVar = 4
    examples: ClassVar = (Example("Dropout2d(0.2)"),)

    p: Probability = 0.5


class Dropout3d(_DroppingChannels):
    """Drops whole channels of a volume with probability `p` in training.

    Shapes: [N, C, D, H, W], kept. Source: torch.nn.Dropout3d.
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    function: ClassVar[str | None] = "dropout3d"
    rank: ClassVar = 5
    examples: ClassVar = (Example("Dropout3d(0.2)", ("float[N, 3, D, H, W]",)),)

    p: Probability = 0.5


class FeatureAlphaDropout(Dropping):
    """Alpha dropout of whole channels.

    Shapes: [N, C, ...], kept. Source: torch.nn.FeatureAlphaDropout.
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    function: ClassVar[str | None] = "feature_alpha_dropout"
    examples: ClassVar = (Example("FeatureAlphaDropout"), Example("FeatureAlphaDropout(0.1)"))

    p: Probability = 0.5

    def infer(self, input: TensorType) -> TensorType:
        if input.rank < 2:
            raise InputError(
                f"drops whole channels (dimension 1), and there is none in {input}",
                help="AlphaDropout drops single values of any shape",
            )
        return super().infer(input)


class StochasticDepth(Dropping):
    """Drops whole samples (mode "row"), or all of them at once ("batch"), with probability `p` in training.

    It stands at the end of a residual's body: the block is then skipped. What is kept is divided by 1 - p.
    Shapes: [N, ...], kept. Source: torchvision.ops.StochasticDepth (Huang et al. 2016).
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    examples: ClassVar = (
        Example("StochasticDepth(0.2)"),
        Example('StochasticDepth(0.1, mode = "batch")', ("float[N, T]",)),
    )

    p: Probability
    mode: Literal["row", "batch"] = "row"

    def infer(self, input: TensorType) -> TensorType:
        if input.rank == 0:
            raise InputError(
                "drops samples (dimension 0), and gets a single number", help="give it a batch of values: [N, ...]"
            )
        return super().infer(input)
