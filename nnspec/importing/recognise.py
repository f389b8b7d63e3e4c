"""`recognise`: arithmetic that a module does by hand and a layer of nnspec does by name: RMS norms and activations.

What a module without others inside computes is brought into one form, in which the order of sums and products does not
matter, and looked up. What is not among the forms stays arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from nnspec.importing.network import Operation, Scope, Stored
from nnspec.layers.base import Layer
from nnspec.layers.families.normalization import RMSNorm
from nnspec.layers.families.smooth import GELU, SiLU

_KNOWN = frozenset("Add Multiply Subtract Divide Power Square Rsqrt Sqrt Tanh Erf Sigmoid".split())
Form = tuple[Any, ...]


def recognise(scope: Scope, used: Mapping[str, int]) -> None:
    """Put a layer in the place of each module that is one; `used` counts the uses of each value, as far as known."""
    for place, item in enumerate(scope.items):
        if isinstance(item, Scope):
            recognise(item, used)
            found = _layer(item, used)
            if found is not None:
                scope.items[place] = found


def _layer(scope: Scope, used: Mapping[str, int]) -> Operation | None:
    operations = [item for item in scope.items if isinstance(item, Operation)]
    if len(operations) < 3 or len(operations) != len(scope.items) or len(operations) > 16:
        return None
    made = {value: each for each in operations for value in each.outputs}
    inside: dict[str, int] = {}
    for each in operations:
        for value in each.inputs:
            if value is not None:
                inside[value] = inside.get(value, 0) + 1
    given = [value for value in inside if value not in made]
    results = [value for value in made if used.get(value, 0) > inside.get(value, 0)]
    if len(given) != 1 or len(results) != 1:
        return None
    numbers: list[float] = []
    weights: list[str] = []
    form = _form(results[0], made, numbers, weights)
    for pattern, layer in _PATTERNS:
        if pattern == form:
            found = layer(numbers)
            owns = [f"{scope.path}.weight"] if isinstance(found, RMSNorm) and found.elementwise_affine else []
            if found is not None and weights == owns:
                last = operations[-1]
                return Operation(found, (given[0],), (results[0],), scope.path, (), (), last.origin)
    return None


def _form(value: str, made: Mapping[str, Operation], numbers: list[float], weights: list[str]) -> Form:
    operation = made.get(value)
    if operation is None:
        return ("x",)
    layer = operation.layer
    if isinstance(layer, Stored):
        weights.append(operation.path or "")
        return ("w",)
    parts = [_form(each, made, numbers, weights) for each in operation.inputs if each is not None]
    scalar = getattr(layer, "scalar", None)
    kind = layer.kind
    if isinstance(scalar, (int, float)):
        if kind == "Power" and scalar == 2:
            return ("Square", *parts)
        numbers.append(float(scalar))
        parts.insert(0 if getattr(layer, "scalar_first", False) else len(parts), ("n",))
    elif scalar is not None:
        return ("unknown", value)
    if kind == "Mean":
        kind = f"Mean {layer.dim} {layer.keepdim}"  # type: ignore[attr-defined]
    elif kind not in _KNOWN:
        return ("unknown", value)
    return (kind, *(sorted(_flat(kind, parts)) if kind in ("Add", "Multiply") else parts))


def _flat(kind: str, parts: list[Form]) -> list[Form]:
    """The operands of a sum or product, those of sums and products inside it among them."""
    return [inner for part in parts for inner in (part[1:] if part[0] == kind else (part,))]


def _near(numbers: list[float], *wanted: float) -> bool:
    """Whether these are the numbers, in any order."""
    return len(numbers) == len(wanted) and all(
        math.isclose(a, b, rel_tol=1e-6) for a, b in zip(sorted(numbers), sorted(wanted), strict=True)
    )


def _rms(affine: bool) -> Callable[[list[float]], Layer | None]:
    def layer(numbers: list[float]) -> Layer | None:
        if len(numbers) != 1:
            return None
        return RMSNorm(eps=numbers[0]) if affine else RMSNorm(eps=numbers[0], elementwise_affine=False)

    return layer


def _tanh_gelu(numbers: list[float]) -> Layer | None:
    usual = _near(numbers, 0.5, 1.0, math.sqrt(2 / math.pi), 0.044715, 3.0)
    return GELU(approximate="tanh") if usual else None


def _exact_gelu(numbers: list[float]) -> Layer | None:
    return GELU() if _near(numbers, 0.5, 1.0, math.sqrt(2)) or _near(numbers, 0.5, 1.0, 1 / math.sqrt(2)) else None


def _silu(numbers: list[float]) -> Layer | None:
    return SiLU() if not numbers else None


def _both(kind: str, *parts: Form) -> Form:
    return (kind, *sorted(_flat(kind, list(parts))))


_X: Form = ("x",)
_N: Form = ("n",)
_MEAN: Form = ("Mean -1 True", ("Square", _X))
_SCALE: Form = ("Rsqrt", _both("Add", _MEAN, _N))
_CUBE: Form = ("Power", _X, _N)
_INNER = ("Tanh", _both("Multiply", _N, _both("Add", _X, _both("Multiply", _N, _CUBE))))
_PATTERNS: tuple[tuple[Form, Callable[[list[float]], Layer | None]], ...] = (
    (_both("Multiply", _X, _SCALE, ("w",)), _rms(True)),
    (_both("Multiply", _X, _SCALE), _rms(False)),
    (_both("Multiply", _N, _X, _both("Add", _N, _INNER)), _tanh_gelu),
    (_both("Multiply", _N, _X, _both("Add", _N, ("Erf", ("Divide", _X, _N)))), _exact_gelu),
    (_both("Multiply", _N, _X, _both("Add", _N, ("Erf", _both("Multiply", _X, _N)))), _exact_gelu),
    (_both("Multiply", _X, ("Sigmoid", _X)), _silu),
)
