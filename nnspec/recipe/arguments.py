"""The values of a recipe as arguments in Python, with their types: `model.train(epochs=3)`. Imports nothing heavy.

A string is read as a spec would have it, so that `optimizer="AdamW(lr = 1e-3)"` and `loss="mse(_, image)"` are values,
too. A key of a recipe has a line here, and `tests/test_surface.py` holds them to each other; `data` is an argument of
its own, wherever a recipe is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor
    from torch.utils.data import DataLoader, Dataset

    from nnspec.weights.source import WeightSource

    Values: TypeAlias = ArrayLike | Tensor
    Batch: TypeAlias = Mapping[str, Values] | Sequence[Values]  # by name, or inputs and behind them the label

# What a model is trained on. Data sets of Hugging Face are iterables of rows to a type checker.
DataSource: TypeAlias = (
    "str | PathLike[str] | Mapping[str, Values] | Sequence[Values] | Dataset[Any] | DataLoader[Any] | Iterable[Batch]"
)


class RecipeArguments(TypedDict, total=False):
    """The keys of a `train` block but `data`; `nnspec explain train` says what each means."""

    recipe: str
    loss: str
    metrics: str | Sequence[str]
    sample: str
    augment: str | Sequence[str]
    normalize: bool | None
    optimizer: str
    schedule: str
    epochs: int
    batch: int
    seed: int
    balanced: str | None
    split: float
    validation: float | DataSource | None
    test: float | DataSource | None
    stratify: bool
    damaged: Literal["stop", "skip"]
    clip: float | None
    accumulate: int
    precision: Literal["float32", "bfloat16", "float16"]
    compile: bool
    ema: float | None
    watch: Sequence[Literal["gradient_norm", "gradient_noise", "training_metrics"]]
    early_stopping: int | None
    better: Literal["higher", "lower"] | None
    decay: Literal["all", "matrices"]
    rates: Sequence[tuple[str, float]]
    weights: WeightSource | None
    drop: Sequence[str]
    partial: bool
    freeze: Sequence[str]
    thaw: int | None
    cache_features: bool
