"""Source text that several rows share: operands of an operator, arguments of a call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from nnspec.dims import Expression
from nnspec.layers.arithmetic import Combining
from nnspec.to_torch.row import LayerUse


def scalar_text(value: int | float | Expression, use: LayerUse) -> str:
    """A number as an operand."""
    if not isinstance(value, Expression):
        return repr(value)
    text = use.size(value)
    return text if re.fullmatch(r"[\w.]+(\[-?\d+\])?", text) else f"({text})"


LARGEST = 65504.0  # of float16


def within(value: int | float, dtype: str) -> str:
    """A number to fill or bound floats with, within the range of their type: a mask of -1e9 stays finite in float16."""
    if abs(value) <= LARGEST or dtype == "wide":
        return repr(value)
    return f"max({value!r}, torch.finfo({dtype}).min)" if value < 0 else f"min({value!r}, torch.finfo({dtype}).max)"


def operands(layer: Combining, use: LayerUse) -> list[str]:
    """The operands in the order in which a person writes them."""
    texts = [text for text in use.inputs if text is not None]
    if layer.scalar is None:
        return texts
    number = scalar_text(layer.scalar, use)
    return [number, *texts] if layer.scalar_first else [*texts, number]


def written(*arguments: str, **keywords: Any) -> str:
    """Arguments of a call: text as it is, then keywords by `repr`."""
    return ", ".join([*filter(None, arguments), *(f"{name}={value!r}" for name, value in keywords.items())])


def tuple_text(items: Iterable[str]) -> str:
    """The texts as a tuple: `(1, x.shape[0])`; one alone keeps its comma."""
    texts = list(items)
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"
