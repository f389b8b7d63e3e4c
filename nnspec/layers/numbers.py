"""Numbers within bounds, and other types with a rule, as the fields of a layer declare them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from nnspec.plain import Rule


class Within(Rule):
    """Bounds of a number; `finite` refuses what is infinite or no number."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    finite: bool = False

    def admits(self, value: Any) -> bool:
        """Whether a number is within the bounds."""
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
            and (not self.finite or math.isfinite(value))
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        bounds = {name: getattr(self, name) for name in ("gt", "ge", "lt", "le") if getattr(self, name) is not None}
        return {**handler(source), **bounds, **({"allow_inf_nan": False} if self.finite else {})}


class Nonempty(Rule):
    """A list with an element at least."""

    def admits(self, value: Any) -> bool:
        """Whether a list has one."""
        return len(value) > 0

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "min_length": 1}


class Told(Rule):
    """A check of a union that is refused in one sentence; pydantic's own is about its first type, a number, only."""

    needed: str

    def admits(self, value: Any) -> bool:
        """It refuses nothing of its own."""
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import ValidationError, core_schema

        def check(value: Any, types: Callable[[Any], Any]) -> Any:
            try:
                return types(value)
            except ValidationError:
                if isinstance(value, int | float):
                    raise
                raise ValueError(f"must be {self.needed}") from None

        return core_schema.no_info_wrap_validator_function(check, handler(source))


class Before(Rule):
    """What is made of a value before its type is looked at; what is of the type already stays as it is.

    The function raises ValueError where there is no way.
    """

    make: Callable[[Any], Any]

    def admits(self, value: Any) -> bool:
        """Nothing is to be made of it."""
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.make, handler(source))


class After(Rule):
    """A further check of a value of the type: it raises ValueError, with the fault."""

    check: Callable[[Any], None]

    def admits(self, value: Any) -> bool:
        """Whether the check passes."""
        try:
            self.check(value)
        except ValueError:
            return False
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def checked(value: Any) -> Any:
            self.check(value)
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))


PositiveInt = Annotated[int, Within(gt=0)]
NonNegativeInt = Annotated[int, Within(ge=0)]
PositiveFloat = Annotated[float, Within(gt=0)]
NonNegativeFloat = Annotated[float, Within(ge=0)]
FiniteFloat = Annotated[float, Within(finite=True)]
Probability = Annotated[float, Within(ge=0, le=1)]
