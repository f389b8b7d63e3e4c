"""All that a recipe says: its keys, their types and defaults, and what each may be chosen from.

A choice is written as a call (`AdamW(lr = 1e-3)`, `digits`); `nnspec.train` knows how to carry it out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    PositiveInt,
)

from nnspec.recipe.augmentation import Augmentation, Mixing
from nnspec.recipe.choice import CHOICES, Choice, Configured, Positive, plain
from nnspec.recipe.data import Data, Digits
from nnspec.recipe.given import GivenWeights
from nnspec.recipe.optimizers import Adam, Optimizer
from nnspec.recipe.schedules import ConstantRate, Schedule


def words(key: str) -> tuple[str, ...]:
    """The words that a key of the recipe may be."""
    return tuple(CHOICES[key])


def find(key: str, word: str) -> type[Choice] | None:
    """The choice that a spec writes as `word`, or None."""
    return CHOICES[key].get(word)


def _mixed_once(changes: tuple[Augmentation, ...]) -> tuple[Augmentation, ...]:
    if sum(isinstance(change, Mixing) for change in changes) > 1:
        raise ValueError("may mix once: with mixup or with cutmix")
    return changes


Share = Annotated[float, Field(gt=0.0, lt=1.0)]
HeldOut = Share | str | Data | None  # a share of the samples, a path to data of the same kind, another data set
HELD_OUT = ("validation", "test")  # the keys of the parts that are held out


class Values(Configured):
    """The plain values of a block or a phase."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {name: plain(getattr(self, name)) for name in type(self).model_fields}


class Recipe(Values):
    """The keys of a `train` block, with the defaults of those that a spec leaves out.

    `loss`, `metrics` (a list) and `sample` (pictures [N, 1 or 3, H, W] of values from 0 to 1) are expressions over the
    fields of the data and the outputs of the model, and `batch` is the number of samples in them. Other names are
    values for later lines. A block with labels or phases builds networks of its own out of the models of the file:
    `fake = z -> generator: Generator`.

    Data: `validation` and `test` say what is held out: a share of the samples (0.1), a path to data of the same kind,
    or a data set; without them what the data has of such parts itself, and else `split`, the share for validation. With
    `stratify` each class has that share. The test part is judged once, with the best weights. The first input of floats
    (of a table, each of them) is normalised by the mean and deviation of the training part, which go with the weights
    into all that is made of them, unless the loss compares an output with it; `normalize` decides otherwise.
    `balanced = label` lets each class of a field come equally often. `augment` is a list of random changes. A sample
    that cannot be read stops the run; with `damaged = "skip"` the next one of its part stands in its place, it is told
    and counted, and a hundred in a row stop the run.

    Steps: `clip` bounds the norm of the gradients. `accumulate = 4` takes a batch through the model in 4 parts, where
    memory is short; losses and gradients are those of the whole batch, but batch normalisation takes its statistics
    from each part. A sample that is left over alone sits out an epoch. `precision` is that of matrix products and
    convolutions. `compile = true` takes the networks through torch.compile. `ema` is the decay of averaged weights,
    at most (1 + t) / (10 + t) after t steps, which are validated and stored; `raw.safetensors` has the others. `decay =
    "matrices"` leaves norms and biases out of weight decay. `watch = ["gradient_norm", "gradient_noise"]` adds these to
    the metrics, `"training_metrics"` those of the training part. `early_stopping = 5` ends a run after 5 epochs without
    a better value. The best weights are those of the best first metric, or of the least loss; `better = "higher"` or
    `"lower"` says what is better where that does not follow from how the metric is computed.

    Transfer: `weights` is the file to start from, `drop` the parts that are not taken from it; with `partial = true` it
    may have keys that the model does not have. The parts in `freeze` stay as they are, statistics and all, for `thaw`
    epochs or to the end; `rates = [["backbone", 0.1]]` are factors on the learning rates of parts. So a model is tuned
    in stages: first the new head, then all, the body with a tenth of the rate. `cache_features = true` computes what
    frozen parts give once for each sample, instead of in every epoch.
    """

    data: Data = Digits()
    augment: Annotated[tuple[Augmentation, ...], AfterValidator(_mixed_once)] = ()
    normalize: bool | None = None
    optimizer: Optimizer = Adam()
    schedule: Schedule = ConstantRate()
    epochs: PositiveInt = 10
    batch: PositiveInt = 64
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    balanced: str | None = None
    split: Share = 0.2
    validation: HeldOut = None
    test: HeldOut = None
    stratify: bool = False
    damaged: Literal["stop", "skip"] = "stop"
    clip: Positive | None = None
    accumulate: PositiveInt = 1
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    ema: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    watch: tuple[Literal["gradient_norm", "gradient_noise", "training_metrics"], ...] = ()
    early_stopping: PositiveInt | None = None
    better: Literal["higher", "lower"] | None = None
    decay: Literal["all", "matrices"] = "all"
    rates: tuple[tuple[str, NonNegativeFloat], ...] = ()
    weights: str | GivenWeights | None = None
    drop: tuple[str, ...] = ()
    partial: bool = False
    freeze: tuple[str, ...] = ()
    thaw: PositiveInt | None = None
    cache_features: bool = False


Recipe.__name__ = "train"


class Phase(Values):
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


def literals(key: str) -> frozenset[str]:
    """The words that the value of a key is one of; none where it may be anything else."""
    field = Recipe.model_fields.get(key)
    kinds = [] if field is None else [field.annotation, *get_args(field.annotation)]
    return frozenset(word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind))


EXPRESSIONS = ("loss", "metrics", "sample")
OVER = "recipe"  # the key of the file whose recipe is taken over
KEYS = (*Recipe.model_fields, *EXPRESSIONS, OVER)
PHASE_KEYS = (*Phase.model_fields, "loss")
# What the machine decides and not the recipe, and how it is said.
OUTSIDE = {
    "strategy": "how processes share the work is said where they are started: nnspec train --strategy ddp",
    "device": "where it is trained is said to the command: nnspec train --device cuda",
}
