"""The packages of the extras: which are installed, in which version, and which can be imported."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec

from nnspec.extras import EXTRAS
from nnspec.record import Record


class Package(Record):
    """A package as it was found: its version, None where it is not installed; why it cannot be imported."""

    name: str
    version: str | None
    trouble: str | None = None


STATES = ("ready", "in part", "missing", "broken")


class Part(Record):
    """The core of the installation, or an extra of it."""

    name: str
    gives: str
    packages: tuple[Package, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages that are not installed."""
        return tuple(package.name for package in self.packages if package.version is None)

    @property
    def broken(self) -> tuple[Package, ...]:
        """The packages that are installed and cannot be imported."""
        return tuple(package for package in self.packages if package.trouble is not None)

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.broken:
            return "broken"
        if not self.missing:
            return "ready"
        return "missing" if len(self.missing) == len(self.packages) else "in part"


CORE = ("click", "lark", "pydantic")


def parts() -> tuple[Part, ...]:
    """The core and all extras. Each package that is there is imported, which takes some seconds together."""
    owners = packages_distributions()
    core = Part("core", "check, summary, draw, format, diff, export --torch", _packages(CORE, owners))
    return core, *(
        Part(name, extra.gives, _packages(sorted(extra.packages, key=str.lower), owners))
        for name, extra in EXTRAS.items()
    )


def _packages(names: tuple[str, ...] | list[str], owners: Mapping[str, list[str]]) -> tuple[Package, ...]:
    return tuple(_package(name, owners) for name in names)


def _package(name: str, owners: Mapping[str, list[str]]) -> Package:
    if find_spec(name) is None:
        return Package(name, None)
    # Two distributions may bring one name: onnxruntime and onnxruntime-gpu overwrite each other's files.
    distributions = sorted(set(owners.get(name, ())))
    trouble = None
    try:
        importlib.import_module(name)
    except Exception as error:  # a library of the system that is missing, a package built for another version, ...
        trouble = f"{type(error).__name__}: {error}".splitlines()[0]
    if len(distributions) > 1 and name == "onnxruntime":
        trouble = "two distributions bring it and overwrite each other: keep one"
    return Package(name, ", ".join(map(version, distributions)) or "of unknown version", trouble)
