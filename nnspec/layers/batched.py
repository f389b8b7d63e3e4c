"""Layers of batches that take a single sample, too, as torch's do: a picture [C, H, W], a sequence [T, features].

Their rules are written for batches alone. Here is the one place that knows of single samples: it gives the rules a
batch of one and takes the dimension out of what they say. The ONNX lowering asks here, too; torch's own layers take
either.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import InputError, TensorType

Types = tuple[TensorType | None, ...]
Alone = Callable[["Batched", Types, Any], Any]  # what a rule says of one sample, from what it says of a batch of it


class Batched(Layer):
    """The base of these layers: what each defines of the rules below is told of batches only."""

    dims: ClassVar[int] = 2

    @property
    def batch_rank(self) -> int:
        """The number of dimensions of its first input as a batch."""
        return self.dims + 2

    def is_sample(self, first: TensorType) -> bool:
        """Whether an input that lacks a dimension is a single sample: its channels, which come first, are a number.

        A picture [N, H, W] is rather one that lacks its channels.
        """
        return isinstance(first.shape[0], int)

    def sample_dims(self, *inputs: TensorType | None) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        """The dimension of samples in each input and each result of a batch; None for an input that has none."""
        return (0,) * len(inputs), (0,) * len(self.result_names())

    def single(self, *inputs: TensorType | None) -> bool:
        """Whether it gets a single sample."""
        first = inputs[0] if inputs else None
        return first is not None and first.rank == self.batch_rank - 1 and self.is_sample(first)

    def as_batch(self, *inputs: TensorType | None) -> Types:
        """The types of a batch of this one sample."""
        dims, _ = self.sample_dims(*inputs)
        return tuple(
            given if given is None or dim is None else with_samples(given, dim)
            for given, dim in zip(inputs, dims, strict=True)
        )

    def in_batches(self, types: Types, results: tuple[TensorType, ...]) -> tuple[Types, tuple[TensorType, ...]]:
        """The types of inputs and results as the lowerings know them: of a batch."""
        if not self.single(*types):
            return types, results
        batch = self.as_batch(*types)
        return batch, self.results(*batch)

    def mixed(self, *inputs: Any) -> tuple[tuple[int, ...], ...]:
        return _told_of_batches(Layer.mixed, _mixed_alone)(self, *inputs)  # type: ignore[no-any-return]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, alone in _RULES.items():
            if name in cls.__dict__:
                setattr(cls, name, _told_of_batches(cls.__dict__[name], alone))


def with_samples(given: TensorType, dim: int) -> TensorType:
    """The type with a dimension of one sample."""
    return given.with_shape(*given.shape[:dim], 1, *given.shape[dim:])


def _told_of_batches(rule: Callable[..., Any], alone: Alone) -> Callable[..., Any]:
    """The rule for batches and single samples, from that for batches."""

    @wraps(rule)
    def adapted(self: Batched, *inputs: TensorType | None) -> Any:
        if not self.single(*inputs):
            return rule(self, *inputs)
        try:
            return alone(self, inputs, rule(self, *self.as_batch(*inputs)))
        except InputError as problem:
            message = f"{problem.message} (a single sample, as a batch of one)"
            raise InputError(message, problem.help, problem.index) from None

    return adapted


def _results_alone(layer: Batched, inputs: Types, found: TensorType | tuple[TensorType, ...]) -> Any:
    types = found if isinstance(found, tuple) else (found,)
    _, dims = layer.sample_dims(*inputs)
    results = [given.with_shape(*given.shape[:d], *given.shape[d + 1 :]) for given, d in zip(types, dims, strict=True)]
    return tuple(results) if isinstance(found, tuple) else results[0]


def _mixed_alone(layer: Batched, inputs: Types, found: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    dims, _ = layer.sample_dims(*inputs)
    return tuple(
        along if dim is None else tuple(place - (place > dim) for place in along if place != dim)
        for along, dim in zip(found, dims, strict=True)
    )


def _same(layer: Batched, inputs: Types, found: Any) -> Any:
    """The same for one sample as for a batch of one."""
    return found


_RULES: dict[str, Alone] = {
    "infer": _results_alone,
    "mixed": _mixed_alone,
    "weights": _same,
    "macs": _same,
    "windows": _same,
    "sight": _same,
}
