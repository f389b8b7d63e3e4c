"""Rules for activations that are written as arithmetic: SiLU, Mish, hard swish, GELU."""

from __future__ import annotations

import math

from nnspec.importing.from_onnx.builder import Draft, layer
from nnspec.importing.from_onnx.drafts import Drafts, in_place_of


def _near(number: float | None, wanted: float) -> bool:
    return number is not None and abs(number - wanted) <= 1e-5 * abs(wanted)


def gated(drafts: Drafts, draft: Draft) -> Draft | None:
    """X times a function of x that opens: its sigmoid, its hard sigmoid, tanh of its softplus."""
    for value, other in drafts.pairs(draft):
        found = drafts.made(other, "Sigmoid", "Hardsigmoid", "Tanh")
        if found is None:
            continue
        source = found.inputs[0]
        if found.layer.kind == "Tanh":
            inner = drafts.made(source, "Softplus")
            if inner is not None and inner.inputs[0] == value:
                return in_place_of(draft, layer("Mish"), value)
        elif source == value:
            return in_place_of(draft, layer("SiLU" if found.layer.kind == "Sigmoid" else "Hardswish"), value)
    return None


def hard_swish(drafts: Drafts, draft: Draft) -> Draft | None:
    """X * clamp(x + 3, 0, 6) / 6."""
    if not _near(drafts.number(draft, "Divide"), 6):
        return None
    product = drafts.single(draft.inputs[0], "Multiply")
    for value, other in drafts.pairs(product) if product is not None else ():
        bounded = drafts.made(other, "ReLU6")
        shifted = None if bounded is None else drafts.made(bounded.inputs[0], "Add")
        if shifted is not None and _near(drafts.number(shifted, "Add"), 3) and shifted.inputs[0] == value:
            return in_place_of(draft, layer("Hardswish"), value)
    return None


def gelu(drafts: Drafts, draft: Draft) -> Draft | None:
    """X * 0.5 * (1 + erf(x / sqrt(2))), or with tanh, the factors in any order."""
    half, factors = _factors(drafts, draft)
    if not _near(half, 0.5) or len(factors) != 2:
        return None
    for value, other in (factors, factors[::-1]):
        added = drafts.made(other, "Add")
        if not _near(drafts.number(added, "Add"), 1) or added is None:
            continue
        inner = drafts.made(added.inputs[0], "Erf", "Tanh")
        if inner is None:
            continue
        if inner.layer.kind == "Erf" and _is_over_root(drafts, inner.inputs[0], value):
            return in_place_of(draft, layer("GELU"), value)
        if inner.layer.kind == "Tanh" and _is_cubic(drafts, inner.inputs[0], value):
            return in_place_of(draft, layer("GELU", approximate="tanh"), value)
    return None


def _factors(drafts: Drafts, draft: Draft) -> tuple[float, list[str]]:
    """The number in a product and its other factors, through products that nothing else uses."""
    number, found = 1.0, []
    own = drafts.number(draft, "Multiply")
    if own is not None:
        number = own
    for value in draft.inputs:
        inner = drafts.single(value, "Multiply")
        factor = drafts.number(drafts.made(value), "Multiply")
        if inner is not None:
            more, others = _factors(drafts, inner)
            number *= more
            found += others
        elif factor is not None and drafts.uses[value or ""] == 1:
            number *= factor
            found += [each for each in drafts.made(value).inputs if each]  # type: ignore[union-attr]
        else:
            found.append(value or "")
    return number, found


def _is_over_root(drafts: Drafts, value: str | None, x: str) -> bool:
    made = drafts.made(value)
    if made is None or made.inputs[:1] != (x,):
        return False
    return _near(drafts.number(made, "Divide"), math.sqrt(2)) or _near(drafts.number(made, "Multiply"), math.sqrt(0.5))


def _is_cubic(drafts: Drafts, value: str | None, x: str) -> bool:
    """sqrt(2 / pi) * (x + 0.044715 * x ** 3)."""
    outer = drafts.made(value)
    if outer is None or not _near(drafts.number(outer, "Multiply"), math.sqrt(2 / math.pi)):
        return False
    total = drafts.made(outer.inputs[0], "Add")
    for one, other in drafts.pairs(total) if total is not None else ():
        scaled = drafts.made(other, "Multiply")
        if one != x or scaled is None:
            continue
        number, factors = _factors(drafts, scaled)
        cube = drafts.made(factors[0]) if len(factors) == 1 else None
        if cube is not None and _near(drafts.number(cube, "Power"), 3):
            factors = [cube.inputs[0] or ""] * 3
        if _near(number, 0.044715) and factors == [x] * 3:
            return True
    return False
