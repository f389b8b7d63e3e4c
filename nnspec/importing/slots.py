"""`Slots`: what the writer of statements asks of a block: arguments, calls and names that stand in its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.importing.bodies import Call, Step


class Slots:
    """What stands in the slots of a body, and how blocks are called: what the lines of one block are written with."""

    def value(self, piece: Any, name: str) -> Any:
        """An argument of a step, as an expression or, for items of a subscript, as they are."""
        raise NotImplementedError

    def called(self, piece: Call) -> Any:
        """A block with its arguments."""
        raise NotImplementedError

    def count(self, piece: Call) -> Any:
        """The number of applications of a call."""
        raise NotImplementedError

    def names(self, piece: Step) -> Sequence[str]:
        """The arguments of a step that have to be written."""
        raise NotImplementedError

    def ties(self, piece: Step) -> dict[str, Any]:
        """The parameters of others that a step takes for its own."""
        raise NotImplementedError

    def results(self, piece: Call) -> Sequence[str]:
        """The names of the results of a block."""
        raise NotImplementedError

    def condition(self, piece: Any) -> Any:
        """When a piece is there; None where it always is."""
        raise NotImplementedError
