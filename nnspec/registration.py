"""Names that are registered once: a layer, a word of a recipe, a callback. Whoever comes second is told who has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def check_classes(classes: Sequence[object], base: type, role: str) -> None:
    """Check that what a plug-in registers are classes of a kind; `role`, in words, is what they are to be.

    Raises:
        SpecError: one is none, or there are none.
    """
    for each in classes or [None]:
        if not (isinstance(each, type) and issubclass(each, base)):
            advice = f"register a subclass of nnspec.plugin.{base.__name__}"
            raise SpecError.of(BadRegistration(None, getattr(each, "__name__", repr(each)), f"it is no {role}", advice))


def check_row(row: object, classes: Iterable[type]) -> None:
    """Check that what is registered for classes is a function.

    Raises:
        SpecError: it is none.
    """
    if not callable(row):
        advice = f"write it above a function: @register_...({', '.join(each.__name__ for each in classes)})"
        raise SpecError.of(BadRegistration(None, repr(row), "it is no function", advice))


def check_free(kind: str, name: str, cls: type, known: Mapping[str, type]) -> None:
    """Check that nobody else has a name; a class that is defined again, as in a notebook, takes its own place.

    Raises:
        SpecError: somebody has.
    """
    other = known.get(name)
    if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
        raise SpecError.of(NameTaken(None, kind, name, other.__module__))
