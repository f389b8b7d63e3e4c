"""`Names`: how values are written in a body: no two things have one name, and none is a word of the language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from nnspec.layers.registry import words
from nnspec.syntax.tree import Name

RESERVED = frozenset(
    "import block model train input output require if else for in training rename order phase residual skip scan "
    "concat add multiply true false none not and or along each carry from as backward".split()
)


def is_simple(label: str) -> bool:
    """Whether a label can stand for its value as it is."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*", label)) and label not in RESERVED and label != "_"


class Names:
    """The names of one body, those of its groups and branches among them."""

    def __init__(self, taken: Iterable[str], labels: Iterable[str]) -> None:
        self.taken = set(taken) | {label.partition(".")[0] for label in labels}
        self.labels = list(labels)  # of steps without weights: how often each is applied
        self.values: dict[str, Any] = {}
        self.bound: dict[str, str] = {}  # the value that a name is bound to
        self.sources: dict[int, object] = {}  # steps that take nothing, by their identity, and kept for that
        self.applications: dict[int, object] = {}  # and those that apply a label again
        self._applied: set[str] = set()
        self._functions = frozenset(words("function"))

    def fresh(self, wish: str, is_over: Callable[[str], bool] = lambda value: False) -> str:
        """A name that is not taken, as near to the wish as may be; that of a value that `is_over` is free again."""
        stem = re.sub(r"\W", "_", wish).lstrip("_0123456789") or "y"
        if stem in RESERVED or stem in self._functions:
            stem = f"{stem}_value"
        name, number = stem, 2
        while name in self.taken and not (name in self.bound and is_over(self.bound[name])):
            name, number = f"{stem}{number}", number + 1
        self.taken.add(name)
        return name

    def give(self, value: str, written: Any) -> None:
        """Say how a value is written."""
        self.values[value] = written
        if isinstance(written, Name):
            self.bound[written.text] = value

    def knows(self, value: str) -> bool:
        """Whether a value has a name."""
        return value in self.values

    def of(self, value: str) -> Any:
        """A value as it is written."""
        return self.values[value]

    def is_again(self, path: str) -> bool:
        """Note that the step at a path is applied; whether it was before."""
        was = path in self._applied
        self._applied.add(path)
        return was
