"""Weights that have not been trained: drawn as the spec says, the same ones for the same seed, without torch."""

from __future__ import annotations

import zlib

import numpy as np

from nnspec.layers.base import Weight
from nnspec.layers.computed import Computed
from nnspec.weights.arrays import ELEMENT_TYPES, Array
from nnspec.weights.normed import lengths, singular_vectors


def initial_array(key: str, weight: Weight, seed: int) -> Array:
    """The array that a weight starts as; it depends on the seed, the key and the weight, and on nothing else."""
    random = np.random.default_rng([seed, zlib.crc32(key.encode())])
    numbers, of = weight.initial.numbers, weight.initial.of
    if of is not None:
        return _from_another(weight, initial_array(key.removesuffix(weight.name) + of.name, of, seed))
    match weight.initial.kind:
        case "constant":
            array = np.full(weight.shape, numbers[0])
        case "uniform":
            array = random.uniform(numbers[0], numbers[1], weight.shape)
        case "normal":
            array = random.normal(numbers[0], numbers[1], weight.shape)
        case "values":
            array = np.reshape(numbers, weight.shape)
        case "computed":
            from nnspec.weights.computed import computed_array

            assert isinstance(weight.initial.value, Computed)
            array = computed_array(weight.initial.value, [seed, zlib.crc32(key.encode())])
        case "truncated_normal":
            array = numbers[0] + numbers[1] * _truncated(random, weight.shape)
    return array.astype(ELEMENT_TYPES[weight.dtype])


def _from_another(weight: Weight, other: Array) -> Array:
    """The array that starts from another one of its layer."""
    if weight.initial.kind == "lengths":
        return lengths(other, int(weight.initial.numbers[0]))
    left, right = singular_vectors(other, int(weight.initial.numbers[0]))
    return (left if weight.initial.kind == "left" else right).astype(other.dtype)


def _truncated(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers within two deviations: those outside are drawn again."""
    array = np.asarray(random.standard_normal(shape))
    outside = np.abs(array) > 2
    while outside.any():
        array[outside] = random.standard_normal(int(outside.sum()))
        outside = np.abs(array) > 2
    return array
