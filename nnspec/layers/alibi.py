"""The slopes of attention with linear biases (Press, Smith and Lewis 2022)."""

from __future__ import annotations


def alibi_slopes(heads: int) -> tuple[float, ...]:
    """The number that each head takes from a score for each place between query and key.

    For a power of 2 they are 2^(-8/heads), its square, and so on. Other heads get those of the next lower power, then
    every second one of the next higher power, as in BLOOM and MPT.
    """
    power = 1 << (heads.bit_length() - 1)
    own = (8 * i / power for i in range(1, power + 1))
    further = (4 * i / power for i in range(1, 2 * (heads - power), 2))
    return tuple(0.5**exponent for exponent in (*own, *further))
