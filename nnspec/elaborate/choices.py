"""What a recipe can choose from besides data: augmentations, optimizers and schedules, each with its arguments.

A choice is written as a call (`AdamW(lr = 1e-3)`, `digits`); `nnspec.train` knows how to carry it out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    ValidationInfo,
    field_validator,
)

from nnspec.elaborate.choice import Below1, Choice, Configured, Fraction, Pixels, Positive, Size
from nnspec.elaborate.data import DATA, Data, Digits

Share = Annotated[float, Field(gt=0.0, le=1.0)]


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("must be the least and the greatest, in this order")
    return bounds


class Augmentation(Choice):
    """A random change of the training images."""


class RandomShift(Augmentation, word="random_shift"):
    """Move each image by up to so many pixels in each direction; black comes in."""

    pixels: Pixels


class RandomFlip(Augmentation, word="random_flip"):
    """Mirror images from left to right with this probability; from top to bottom if `vertical`."""

    probability: Fraction = 0.5
    vertical: bool = False


class RandomRotation(Augmentation, word="random_rotation"):
    """Turn each image by up to so many degrees either way; black comes in."""

    degrees: Annotated[float, Field(gt=0.0, le=180.0)]


class ColorJitter(Augmentation, word="color_jitter"):
    """Change brightness, contrast and saturation of each image by a factor within one less and one more than these."""

    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    saturation: Fraction = 0.0


class Cut(Augmentation):
    """A part of each image at a random place. `size` is None where its size stays."""

    size: Size | None = None


class RandomCrop(Cut, word="random_crop"):
    """Cut a part of `size` out of each image at random, after so many black pixels of padding on every side.

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


class Optimizer(Choice):
    """How weights follow their gradients; as in `torch.optim`."""

    lr: Positive


class SGD(Optimizer, word="SGD"):
    """Stochastic gradient descent with momentum."""

    lr: Positive = 1e-2
    momentum: Below1 = 0.0
    weight_decay: NonNegativeFloat = 0.0
    nesterov: bool = False


class Adam(Optimizer, word="Adam"):
    """Kingma & Ba 2015."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0


class AdamW(Optimizer, word="AdamW"):
    """Adam with decoupled weight decay, Loshchilov & Hutter 2019."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 1e-2


class RMSprop(Optimizer, word="RMSprop"):
    """Hinton 2012."""

    lr: Positive = 1e-2
    alpha: Below1 = 0.99
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    momentum: Below1 = 0.0


class Adagrad(Optimizer, word="Adagrad"):
    """Duchi et al. 2011."""

    lr: Positive = 1e-2
    lr_decay: NonNegativeFloat = 0.0
    weight_decay: NonNegativeFloat = 0.0
    eps: Positive = 1e-10


class Schedule(Choice):
    """How the learning rate changes from step to step: it rises from zero over `warmup` steps, then follows a curve."""

    warmup: NonNegativeInt = 0


class Constant(Schedule, word="constant"):
    """It stays."""


class Cosine(Schedule, word="cosine"):
    """It falls along half a cosine to `final` of its value at the last step."""

    final: Fraction = 0.0


class LinearFall(Schedule, word="linear"):
    """It falls along a line to `final` of its value at the last step."""

    final: Fraction = 0.0


class StepFall(Schedule, word="step"):
    """Every so many epochs it is multiplied by `factor`."""

    epochs: PositiveInt
    factor: Fraction = 0.1


CHANGES: tuple[type[Choice], ...] = (
    RandomShift, RandomFlip, RandomCrop, RandomResizedCrop, RandomRotation, ColorJitter, Mixup, CutMix,
)  # fmt: skip
CHOICES: dict[str, tuple[type[Choice], ...]] = {
    "data": DATA,
    "augment": CHANGES,
    "optimizer": (SGD, Adam, AdamW, RMSprop, Adagrad),
    "schedule": (Constant, Cosine, LinearFall, StepFall),
}


def words(key: str) -> tuple[str, ...]:
    """What a key of the recipe may be."""
    return tuple(choice.__name__ for choice in CHOICES[key])


def find(key: str, word: str) -> type[Choice] | None:
    """The choice that a spec writes as `word`, or None."""
    return next((choice for choice in CHOICES[key] if choice.__name__ == word), None)


def _mixed_once(changes: tuple[Augmentation, ...]) -> tuple[Augmentation, ...]:
    if sum(isinstance(change, Mixing) for change in changes) > 1:
        raise ValueError("may mix once: with mixup or with cutmix")
    return changes


class Recipe(Configured):
    """How a model is trained; what a spec leaves out has these defaults.

    `loss`, `metrics` (a list) and `sample` (pictures [N, 1 or 3, H, W] of values from 0 to 1) are expressions over the
    fields of the data and the outputs of the model, and `batch` is the number of samples in them. Other names are
    values for later lines. A block with labels or phases builds networks of its own out of the models of the file:
    `fake = z -> generator: Generator`.
    """

    data: Data = Digits()
    augment: Annotated[tuple[Augmentation, ...], AfterValidator(_mixed_once)] = ()
    normalize: bool | None = None  # None: unless the loss compares an output with what the model is given
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    epochs: PositiveInt = 10
    batch: PositiveInt = 64
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    split: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2  # the fraction held out for validation
    clip: Positive | None = None  # the greatest norm of the gradients
    accumulate: PositiveInt = 1  # in so many parts a batch goes through the model, where memory is short
    precision: Literal["float32", "bfloat16", "float16"] = "float32"  # of matrix products and convolutions
    compile: bool = False  # the networks through torch.compile
    ema: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None  # the decay of averaged weights, which are then stored
    early_stopping: PositiveInt | None = None  # so many epochs without a better value end the run
    decay: Literal["all", "matrices"] = "all"  # which weights decay; "matrices" leaves out norms and biases
    rates: tuple[tuple[str, NonNegativeFloat], ...] = ()  # factors on the learning rate: [["backbone", 0.1]]
    weights: str | None = None  # the file to start from
    drop: tuple[str, ...] = ()  # parts that are not taken from it
    freeze: tuple[str, ...] = ()  # parts that stay as they are
    thaw: PositiveInt | None = None  # after so many epochs they are trained as well
    cache_features: bool = False  # what frozen parts give is computed once for each sample

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain data."""
        plain = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: [item.to_json() for item in value]
            if name == "augment"
            else value.to_json()
            if isinstance(value, Choice)
            else value
            for name, value in plain.items()
        }


Recipe.__name__ = "train"


class Phase(Configured):
    """A part of a `train` block with a loss of its own, and how the weights follow it; none is what the block says.

    `update` names the parts whose weights change, [] is all that the loss uses. A round has as many batches as the
    phase with the most `steps`, and its last so many are for a phase: with 5 for a critic and 1 for a generator, the
    generator learns from every fifth batch.
    """

    optimizer: Optimizer | None = None
    schedule: Schedule | None = None
    clip: Positive | None = None
    update: tuple[str, ...] = ()  # the parts whose weights it changes; () for all
    steps: PositiveInt = 1  # of a round: its last so many batches are for this phase


Phase.__name__ = "phase"
EXPRESSIONS = ("loss", "metrics", "sample")
KEYS = (*Recipe.model_fields, *EXPRESSIONS)
PHASE_KEYS = (*Phase.model_fields, "loss")
# Keys that the language reserves for what training on several machines will need.
LATER = ("strategy",)
