"""The frequencies of rotary embeddings, and the ways in which published models scale them.

The formulas are those of `ROPE_INIT_FUNCTIONS` in transformers, for numbers that are known when a spec is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def frequencies(base: float, features: int) -> list[float]:
    """The angle for each place by which each pair of `features` turns, without scaling."""
    return [base ** (-2 * i / features) for i in range(features // 2)]


def llama3(own: Sequence[float], factor: float, low: float, high: float, length: int) -> list[float]:
    """Waves that fit into `length` places less than `low` times turn slower, in proportion up to `high` times."""
    kept = [min(max((length * each / (2 * math.pi) - low) / (high - low), 0.0), 1.0) for each in own]
    return [each * (share + (1 - share) / factor) for each, share in zip(own, kept, strict=True)]


def yarn_ramp(
    base: float, features: int, length: int, beta_fast: float, beta_slow: float, truncate: bool
) -> tuple[float, float]:
    """The pairs between which YaRN goes over from frequencies as they are to those that are `factor` times slower.

    They are the ones that turn `beta_fast` and `beta_slow` times in `length` places.
    """
    first, last = (
        features * math.log(length / (turns * 2 * math.pi)) / (2 * math.log(base)) for turns in (beta_fast, beta_slow)
    )
    if truncate:
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, features - 1)
    return first, last + 0.001 if first == last else last


def yarn(own: Sequence[float], factor: float, ramp: tuple[float, float]) -> list[float]:
    """Frequencies before the ramp as they are, behind it `factor` times slower."""
    first, last = ramp
    shares = [min(max((i - first) / (last - first), 0.0), 1.0) for i in range(len(own))]
    return [each * (1 - share + share / factor) for each, share in zip(own, shares, strict=True)]


def yarn_attention_factor(factor: float) -> float:
    """The factor of queries and keys in YaRN, unless told otherwise."""
    return 1.0 if factor <= 1 else 0.1 * math.log(factor) + 1.0


def longrope_attention_factor(factor: float, length: int) -> float:
    """The factor of queries and keys in LongRoPE, unless told otherwise."""
    return 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(length))
