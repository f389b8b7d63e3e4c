"""The zoo: the networks that come with nnspec, found by name (`resnet50`) and listed.

A name is that of a file or of a model in one, in the spelling of the zoo, of torchvision or of timm; capitals, `_`,
`-` and `.` do not matter. To find one reads the lines that begin with `model`; only the parameters of a listing need
the specs elaborated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from os import PathLike
from pathlib import Path

from nnspec.arguments import typed
from nnspec.diagnostics import Diagnostic, Sink, SpecError, nearest
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.elaborate import elaborate
from nnspec.elaborate.files import Files, read_source
from nnspec.ir.state import totals
from nnspec.limits import DEFAULT_LIMITS
from nnspec.record import Record
from nnspec.resources import folder
from nnspec.zoo_parameters import NAME, form, listed, recorded

__all__ = ["Family", "ZooEntry", "entries", "families", "find", "locate"]

# Patterns are compiled where they are first used: most commands read no listing.
_MODEL = r"(?m)^model[ \t]+(\w+)"
_HEAD = r"(?:#.*\n)+"  # the comment that a file begins with
_YEAR = r"\b(?:19[4-9]\d|20\d\d)\b"
_TITLE = r'"([^"]+)"'
# What does not matter in a name, and how others write it: what takes the place of each pattern, in this order.
_SPELLINGS = (
    (r"\.\w*in(?:1|12|21|22)k.*$", ""),  # timm: `resnet50.a1_in1k`, the data of the weights
    (r"[-.]", "_"),
    (r"(?:_patch4_window7)?_224$", ""),  # timm: `swin_tiny_patch4_window7_224`, the size of the images
    (r"_patch(\d+)", r"_\1"),  # timm: `vit_base_patch16_224`
    (r"^vit_(\w+)_14_dinov2$", r"dinov2_\1"),
    (r"^(mnasnet|mobilenet\w+)_100$", r"\1"),  # timm: the width in hundredths
    (r"^regnet([xy])_00([48])$", r"regnet\1_\g<2>00mf"),  # timm: `regnety_004`, 100 millions of products
    (r"^regnet([xy])_0(\d)([1-9])$", r"regnet\1_\2_\3gf"),
    (r"^regnet([xy])_0?(\d+)0$", r"regnet\1_\2gf"),
    (r"(?<!\d)_|_(?!\d)", ""),  # but `regnet_y_1_6gf` is not `regnet_y_16gf`
    (r"(t(?=iny)|s(?=mall)|b(?=ase)|l(?=arge)|h(?=uge)|g(?=iant))[a-z]+(?=\d*$)", r"\1"),  # torchvision: `swin_t`
)


class NotInZoo(Diagnostic):
    """A model was named that is neither a file nor in the zoo.

    A name without a folder and without `.nn` is looked up among the files and models that come with nnspec, whatever
    its capitals, `_`, `-` and `.`: `resnet50` is the model ResNet50 of `zoo/resnet.nn`.
    """

    code = "E0505"
    name: str
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"{self.name} is neither a file nor a model of the zoo"

    @property
    def help(self) -> str | None:
        return f"did you mean {self.suggestion}?" if self.suggestion else "`nnspec zoo` lists what there is"


class Family(Record):
    """A file of the zoo: its name, what it comes from, and its models, the first of which it stands for."""

    name: str
    year: int | None
    paper: str  # the title; "" where the file names none
    models: tuple[str, ...]

    @property
    def path(self) -> str:
        """The name of the file for `load` and `import`."""
        return f"zoo/{self.name}.nn"


class ZooEntry(Record):
    """A model of the zoo as the listing shows it."""

    model: str
    family: Family
    parameters: int | None  # None where the model needs an argument


@cache
def families() -> tuple[Family, ...]:
    """All files of the zoo, by name."""
    return tuple(_family(path) for path in sorted(folder("specs").glob("*.nn")))


def _family(path: Path) -> Family:
    text = path.read_text(encoding="utf-8")
    head = re.match(_HEAD, text)
    about = " ".join(line.lstrip("# ") for line in head[0].splitlines()) if head else ""
    year, title = re.search(_YEAR, about), re.search(_TITLE, about)
    return Family(path.stem, int(year[0]) if year else None, title[1] if title else "", tuple(re.findall(_MODEL, text)))


@typed
def find(name: str) -> tuple[Family, str | None] | None:
    """The family of this name and None, or the family and the model of this name; None if there is neither."""
    plain = _plain(name)
    for known in (_written, _read):  # what is written down spares reading all files, and is believed if a file says so
        file, model = known().get(plain, (None, None))
        path = folder("specs") / f"{file}.nn"
        if file is not None and path.is_file():
            family = _family(path)
            if model is None or model in family.models:
                return family, model
    return None


@cache
def _written() -> dict[str, tuple[str, str | None]]:
    return _index({key: tuple(models) for key, models in listed().items()})


@cache
def _read() -> dict[str, tuple[str, str | None]]:
    return _index({family.name: family.models for family in families()})


def _index(models: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, str | None]]:
    """The file and model of each name; files go before models, and both before what is written without separators."""
    known: dict[str, tuple[str, str | None]] = {_plain(name): (name, None) for name in models}
    for name, own in models.items():
        for model in own:
            known.setdefault(_plain(model), (name, model))
    for spelling, meant in list(known.items()):
        known.setdefault(spelling.replace("_", ""), meant)
    return known


def _plain(name: str) -> str:
    """A name without what does not matter in it."""
    plain = name.lower()
    for pattern, spelled in _SPELLINGS:
        plain = re.sub(pattern, spelled, plain)
    return plain


def locate(path: str | PathLike[str], model: str | None = None) -> tuple[str | PathLike[str], str | None]:
    """The file and the model that a user means by a path or a name, and perhaps the name of a model.

    Raises:
        SpecError: it is a name, and neither a file nor in the zoo.
    """
    name = str(path)
    if "/" in name or "\\" in name or name.endswith(".nn") or Path(name).is_file():
        return path, model
    found = find(name)
    if found is not None:
        return found[0].path, model or found[1]
    if "." in name or not name or Path(name).exists():
        return path, model
    names = [known for family in families() for known in (family.name, *map(str.lower, family.models))]
    raise SpecError.of(NotInZoo(None, name, nearest(name.lower(), names)))


@typed
def entries(family: Family) -> Iterator[ZooEntry]:
    """The models of a family with their parameters."""
    known = recorded()
    if all(f"{family.name}.{model}" in known for model in family.models):
        yield from (ZooEntry(model, family, known[f"{family.name}.{model}"]) for model in family.models)
    else:
        yield from counted(family)


def counted(family: Family) -> Iterator[ZooEntry]:
    """The models of a family with their parameters, which are counted; the file is read once."""
    sink = Sink()
    path = folder("specs").resolve() / f"{family.name}.nn"
    source = read_source(path, family.path, sink, DEFAULT_LIMITS)
    if source is None:
        raise SpecError(sink.found)
    declarations = Files(sink, DEFAULT_LIMITS, path.parent).main(source, path)
    for model in family.models:
        yield ZooEntry(model, family, _parameters(declarations, model) if not sink.errors else None)


def _parameters(declarations: Declarations, model: str) -> int | None:
    try:
        program = elaborate(declarations, Sink(), model=model)
    except SpecError:
        return None
    return totals(program)[program.entry].parameters


def __dir__() -> list[str]:
    return sorted(__all__)


def write_parameters() -> None:
    """Count all models of the zoo, and write that down beside them."""
    found = {f"{family.name}.{each.model}": each.parameters for family in families() for each in counted(family)}
    (folder("specs") / NAME).write_text(form(found), encoding="utf-8")


if __name__ == "__main__":
    write_parameters()
