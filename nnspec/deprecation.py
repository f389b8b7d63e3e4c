"""The way in which names are given up: the old one works on, and says what the new one is, until the next version."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def renamed(old: str, function: Callable[Given, Result]) -> Callable[Given, Result]:
    """A function under its former name: a call is a `DeprecationWarning`."""

    @wraps(function)
    def deprecated(*arguments: Given.args, **options: Given.kwargs) -> Result:
        warnings.warn(
            f"{old} is now called {function.__name__}", DeprecationWarning, stacklevel=3
        )  # `typed` is between
        return function(*arguments, **options)

    deprecated.__name__ = old
    deprecated.__doc__ = f"The former name of `{function.__name__}`."
    return deprecated
