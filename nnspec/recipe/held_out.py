"""The parts that a recipe holds out of its data: shares of the samples, or data of their own."""

from __future__ import annotations

from pathlib import Path

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.reading.folders import file_parts
from nnspec.recipe.data import Data
from nnspec.recipe.plan import Plan
from nnspec.record import Record


class TwoShares(Diagnostic):
    """`split` and `validation` both say what is held out for validation.

    `split = 0.2` is the share that is taken where the data has no validation part itself; `validation` is a share, a
    path or a data set that is taken in any case.
    """

    code = "E0670"

    @property
    def message(self) -> str:
        return "`split` and `validation` both say what is held out for validation"

    @property
    def help(self) -> str | None:
        return "leave `split` out"


class NothingLeft(Diagnostic):
    """The shares that are held out for validation and for the test leave nothing to train on."""

    code = "E0671"
    validation: float
    test: float

    @property
    def message(self) -> str:
        return f"{self.validation:g} for validation and {self.test:g} for the test leave nothing to train on"

    @property
    def help(self) -> str | None:
        return "write shares that are less than 1 together: validation = 0.1, test = 0.1"


class HeldOut(Record):
    """What is held out: a share of the samples, data of its own, or None for the part that the data itself has."""

    validation: float | Data | None
    test: float | Data | None
    split: float  # for validation, where nothing says more and the data has no such part
    stratify: bool

    @property
    def apart(self) -> tuple[tuple[str, Data], ...]:
        """The data sets that are read besides, by the parts that they are."""
        both = (("validation", self.validation), ("test", self.test))
        return tuple((part, each) for part, each in both if isinstance(each, Data))


def held_out(plan: Plan) -> HeldOut:
    """What a recipe holds out.

    Raises:
        SpecError: it says so twice, or leaves nothing.
    """
    recipe = plan.recipe
    if recipe.validation is not None and "split" in plan.places:
        raise SpecError.of(TwoShares(plan.places["split"]))
    validation, test = (_read(recipe.data, each) for each in (recipe.validation, recipe.test))
    share = recipe.split if validation is None else validation
    if isinstance(share, float) and isinstance(test, float) and share + test >= 1:
        raise SpecError.of(NothingLeft(plan.places.get("test"), share, test))
    return HeldOut(validation, test, recipe.split, recipe.stratify)


def _read(data: Data, asked: float | str | Data | None) -> float | Data | None:
    return data.at(asked) if isinstance(asked, str) else asked


def recognised(held: HeldOut, base: Path) -> HeldOut:
    """The same, with what is at a path that tells its kind."""
    validation, test = (each.found(base) if isinstance(each, Data) else each for each in (held.validation, held.test))
    return held.replace(validation=validation, test=test)


def in_files(data: Data, held: HeldOut, base: Path) -> tuple[Data, HeldOut]:
    """Data in a folder that has files for each part, as the data of its training part, with the others held out.

    What the recipe itself says of a part goes first.
    """
    path = getattr(data, "path", None)
    if not data.suffixes or not isinstance(path, str) or not (base / path).is_dir():
        return data, held
    files = file_parts(base / path, data.suffixes)
    if not files:
        return data, held
    at = {part: data.at(f"{path.rstrip('/')}/{name}") for part, name in files.items()}
    validation, test = held.validation or at.get("validation"), held.test or at.get("test")
    if validation is None and test is not None and held.test is None:
        validation, test = test, None  # as of a data set that brings a test part alone
    return at["training"], held.replace(validation=validation, test=test)
