"""The random changes of training images that a recipe can choose from. `nnspec.train` carries them out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from nnspec.recipe.choice import Choice, Fraction, Pixels, Positive, Size

Extent = tuple[int, int]  # height and width
Share = Annotated[float, Field(gt=0.0, le=1.0)]


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("must be the least and the greatest, in this order")
    return bounds


class Augmentation(Choice, key="augment"):
    """A random change of the training images."""

    moves: ClassVar[bool] = True  # things in them, so that masks change alike; colours are the images' own


class RandomShift(Augmentation, word="random_shift"):
    """Move each image by up to `pixels` pixels in each direction; black comes in."""

    pixels: Pixels


class RandomFlip(Augmentation, word="random_flip"):
    """Mirror images from left to right with this probability; from top to bottom if `vertical`."""

    probability: Fraction = 0.5
    vertical: bool = False


class RandomRotation(Augmentation, word="random_rotation"):
    """Turn each image by up to `degrees` degrees either way; black comes in."""

    degrees: Annotated[float, Field(gt=0.0, le=180.0)]


class ColorJitter(Augmentation, word="color_jitter"):
    """Change brightness, contrast and saturation of each image by a factor within one less and one more than these."""

    moves: ClassVar[bool] = False
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    saturation: Fraction = 0.0


class Cut(Augmentation):
    """A part of each image at a random place. `size` is None where its size stays."""

    size: Size | None = None


class RandomCrop(Cut, word="random_crop"):
    """Cut a part of `size` out of each image at random, after `padding` black pixels on every side.

    Without a size it is cut to its former one. With one, pictures are not brought to the size of the model's input
    first, and of those that are held out the middle is cut out.
    """

    padding: Annotated[int, Field(ge=0, le=16_384, validate_default=True)] = 0

    @field_validator("padding")
    @classmethod
    def _changes(cls, padding: int, info: ValidationInfo) -> int:
        if not padding and info.data.get("size") is None:
            raise ValueError("is needed where there is no size")
        return padding


class RandomResizedCrop(Cut, word="random_resized_crop"):
    """Cut a part of each image out at random, and bring it to `size` (or to the former one).

    Its area is a fraction within `scale` of the whole, its width over its height within `ratio`. A size is what it is
    to random_crop.
    """

    scale: Annotated[tuple[Share, Share], AfterValidator(_ordered)] = (0.08, 1.0)
    ratio: Annotated[tuple[Positive, Positive], AfterValidator(_ordered)] = (3 / 4, 4 / 3)


class Mixing(Augmentation):
    """Images that show something of two samples; the loss is that of the labels of both, by their shares."""

    alpha: Positive


class Mixup(Mixing, word="mixup"):
    """Add to each image of a batch another one of it, and learn the labels of both by their shares, Zhang et al. 2018.

    One share is drawn for each batch, from the beta distribution of `alpha` and `alpha`.
    """

    alpha: Positive = 0.2


class CutMix(Mixing, word="cutmix"):
    """Paste a box of another image of the batch into each, and learn the labels of both by area, Yun et al. 2019.

    One box is drawn for each batch; the beta distribution of `alpha` and `alpha` gives its area. Masks are pasted too.
    """

    alpha: Positive = 1.0


def extent_of(choice: Augmentation) -> Extent | None:
    """The height and the width that a change cuts pictures to; None where they keep theirs."""
    size = choice.size if isinstance(choice, Cut) else None
    return (size, size) if isinstance(size, int) else size


def final_extent(choices: Iterable[Augmentation]) -> Extent | None:
    """The height and the width of pictures after all changes; None where they keep theirs."""
    return next((extent for choice in reversed(tuple(choices)) if (extent := extent_of(choice))), None)
