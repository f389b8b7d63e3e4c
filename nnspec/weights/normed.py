"""Weight norm and spectral norm computed from the tensors that they store, in NumPy."""

from __future__ import annotations

import numpy as np

from nnspec.weights.arrays import Array

_ROUNDS = 15  # of the power iteration with which torch starts
_LEAST = 1e-12  # what torch divides by at least


def lengths(weight: Array, dim: int) -> Array:
    """The Euclidean length of every slice along a dimension; the others have the size 1."""
    others = tuple(axis for axis in range(weight.ndim) if axis != dim)
    squares: Array = np.square(weight).sum(axis=others, keepdims=True)
    return np.sqrt(squares)


def singular_vectors(weight: Array, rows_dim: int) -> tuple[Array, Array]:
    """The singular vectors of the largest singular value, [rows] and [columns], as far as torch takes them."""
    matrix = _matrix(weight, rows_dim).astype(np.float64)
    left: Array = matrix[:, 0]
    right: Array = _unit(np.random.default_rng(0).standard_normal(matrix.shape[1:]))
    for _ in range(_ROUNDS):
        left = _unit(matrix @ right)
        right = _unit(matrix.T @ left)
    return left, right


def weight_normed(lengths_wanted: Array, direction: Array, dim: int) -> Array:
    """The weight of weight norm: the directions with these lengths along a dimension."""
    return direction * (lengths_wanted / lengths(direction, dim))


def spectral_normed(weight: Array, left: Array, right: Array, rows_dim: int) -> Array:
    """The weight of spectral norm in evaluation: divided by the singular value that the vectors give."""
    largest: Array = left @ _matrix(weight, rows_dim) @ right
    return weight / largest


def _matrix(weight: Array, rows_dim: int) -> Array:
    return np.moveaxis(weight, rows_dim, 0).reshape(weight.shape[rows_dim], -1)


def _unit(vector: Array) -> Array:
    unit: Array = vector / max(float(np.linalg.norm(vector)), _LEAST)
    return unit
