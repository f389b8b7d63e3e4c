"""The words in a box: the arguments of a layer or block that say what it is, and its count of parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnspec.dims import Expression
from nnspec.ir import Module
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType

_LONGEST = 34  # characters of what a box says of the arguments of a layer
_NAMED = 3  # arguments of a block that it says


def shape_text(type: TensorType) -> str:
    """A shape; the element type where it is not float."""
    return f"{'' if type.dtype == 'float' else type.dtype}{type}"


def shown(value: Any) -> str:
    """A value of the language, short."""
    if isinstance(value, Layer):
        return value.kind
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        if len(value) == 4 and value[0] == "slice":
            return _slice(value)
        return f"[{', '.join(map(shown, value))}]"
    return str(value)


def _slice(value: Any) -> str:
    first, last, step = ("" if part is None else str(part) for part in value[1:])
    return f"{first}:{last}{f':{step}' if step else ''}"


def layer_words(layer: Layer, types: tuple[TensorType | None, ...]) -> str:
    """The arguments of a layer: those by position, its windows, and other numbers that are not as usual."""
    windows = layer.windows(*types)
    words: list[str] = []
    for name in layer.by_position:
        if windows and name in ("kernel_size", "stride", "padding"):
            continue
        value = getattr(layer, name)
        if value is not None and value != _usual(layer, name):
            words.append(shown(value))
    if windows:
        words.append("×".join(str(window.kernel) for window in windows))
        words += _windowed("stride", [window.stride for window in windows])
        words += _windowed("dilation", [window.dilation for window in windows])
    said = {*layer.by_position, "kernel_size", "stride", "padding", "dilation", "output_padding", "dim"}
    for name, value in sorted((name, value) for name, value in layer.given().items() if name not in said):
        if isinstance(value, int) and not isinstance(value, bool) and value != _usual(layer, name):
            words.append(f"{name} {value}")
    if layer.number is not None and isinstance(number := getattr(layer, layer.number), (int, float, Expression)):
        words.append(shown(number))
    return _short(dict.fromkeys(words))


def _usual(layer: Layer, name: str) -> object:
    """The default of an argument; None where it has none, or is one that the layer was given a name for."""
    field = type(layer).model_fields.get(name)
    return field.default if field else None


def _windowed(name: str, values: list[int]) -> list[str]:
    if all(value == 1 for value in values):
        return []
    return [f"{name} {values[0] if len(set(values)) == 1 else '×'.join(map(str, values))}"]


def block_words(module: Module, alike: Iterable[Module]) -> str:
    """The arguments of a block by name, those that are not the same in all modules of the block."""
    others = list(alike)
    differing = (
        f"{name} {shown(value)}"
        for name, value in module.arguments.items()
        if any(other.arguments.get(name) != value for other in others)
    )
    return ", ".join(word for word, _ in zip(differing, range(_NAMED), strict=False))


def _short(words: Iterable[str]) -> str:
    """Words with commas between them, as many as there is room for."""
    text = ""
    for word in words:
        longer = f"{text}, {word}" if text else word
        if len(longer) > _LONGEST:
            return f"{text}, …" if text else f"{word[: _LONGEST - 1]}…"
        text = longer
    return text
