"""Names that are registered once: a layer, a word of a recipe, a callback. Whoever comes second is told who has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from nnspec.diagnostics import Diagnostic, SpecError

Registered = TypeVar("Registered", bound=type)


class NameTaken(Diagnostic):
    """A plug-in registers a name that something else has: a layer of nnspec, a word of a recipe, another plug-in's.

    A spec would mean one of the two, and nobody could see which.
    """

    code = "E0451"
    kind: str
    name: str
    owner: str

    @property
    def message(self) -> str:
        return f"the {self.kind} {self.name} is there already: {self.owner} has it"

    @property
    def help(self) -> str | None:
        return "give yours another name"


class BadRegistration(Diagnostic):
    """What a plug-in registers is not complete, or not of the kind that it is registered as."""

    code = "E0452"
    name: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.name} cannot be registered: {self.reason}"


def check_free(kind: str, name: str, cls: type, known: Mapping[str, type]) -> None:
    """Check that nobody else has a name; a class that is defined again, as in a notebook, takes its own place.

    Raises:
        SpecError: somebody has.
    """
    other = known.get(name)
    if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
        raise SpecError.of(NameTaken(None, kind, name, other.__module__))
