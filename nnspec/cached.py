"""`cached_property` without a lock, for objects that several threads use.

Python 3.11's own holds one lock for an attribute of *all* objects: two threads that compute such attributes within one
another, in different orders, wait for each other for ever. Here both may compute a value, which is the same for both;
the first one that is stored is kept.
"""

from __future__ import annotations

import functools
from typing import Any, Self, TypeVar, overload

T = TypeVar("T")


class cached_property(functools.cached_property[T]):
    """A property that is computed when it is first asked for, and kept in the object's dictionary."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | T:
        """The value, on the way to be kept: what is kept already is found before this is asked."""
        if instance is None:
            return self
        assert self.attrname is not None  # set when the class is made
        kept: T = instance.__dict__.setdefault(self.attrname, self.func(instance))
        return kept
