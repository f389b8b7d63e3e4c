"""Weights of few bits, a scale for each block of them, several in a byte, as floats."""

from __future__ import annotations

import numpy as np

from nnspec.weights.arrays import Array


def unpacked(packed: Array, bits: int) -> Array:
    """The numbers of `bits` bits in bytes, the lowest first."""
    each = 8 // bits
    parts = [(packed >> (bits * place)) & (2**bits - 1) for place in range(each)]
    return np.stack(parts, -1).reshape(*packed.shape[:-1], packed.shape[-1] * each)


def matrix_of_blocks(packed: Array, scales: Array, zeros: Array | None, rows: int, columns: int, bits: int,
                     size: int) -> Array:  # fmt: skip
    """A matrix [rows, columns] as MatMulNBits has it: `packed` is [rows, blocks, bytes of a block]."""
    blocks = -(-columns // size)
    numbers = unpacked(packed.reshape(rows, blocks, -1), bits)[..., :size].astype(np.float32)
    if zeros is None:
        middle = np.full((rows, blocks), 2.0 ** (bits - 1), np.float32)
    elif zeros.dtype == np.uint8 and bits < 8:
        middle = unpacked(zeros.reshape(rows, -1), bits)[:, :blocks].astype(np.float32)
    else:
        middle = zeros.reshape(rows, blocks).astype(np.float32)
    found = (numbers - middle[..., None]) * scales.reshape(rows, blocks, 1).astype(np.float32)
    return found.reshape(rows, -1)[:, :columns]
