"""A new spec under a name of the user: a kind's example, or a model of the zoo to be changed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nnspec.beginning.kinds import KINDS, Kind, example_text, find_kind
from nnspec.diagnostics import Diagnostic, Sink, Source, SpecError, nearest
from nnspec.elaborate.files import read_source
from nnspec.formatting.format import format_text
from nnspec.limits import DEFAULT_LIMITS
from nnspec.output import replacing
from nnspec.resources import folder
from nnspec.syntax import tree
from nnspec.syntax.parse import parse
from nnspec.zoo import Family, families, find


class FileIsThere(Diagnostic):
    """`nnspec new` never takes the place of a file that is there."""

    code = "E0508"
    path: str

    @property
    def message(self) -> str:
        return f"{self.path} is there already"

    @property
    def help(self) -> str | None:
        return "choose another name, or move the file away"


class NoSuchKind(Diagnostic):
    """A new spec was to be like something that is neither a kind of `nnspec new` nor a model of the zoo."""

    code = "E0509"
    name: str
    suggestion: str | None

    @property
    def message(self) -> str:
        return f"{self.name} is neither a kind of network that `nnspec new` knows nor a model of the zoo"

    @property
    def help(self) -> str | None:
        near = f"did you mean {self.suggestion}? " if self.suggestion else ""
        return f"{near}the kinds are {', '.join(kind.name for kind in KINDS)}; `nnspec zoo` lists the models"


def write_new(name: str, like: str) -> tuple[Path, ...]:
    """Write a spec `name`.nn, and the data that it reads beside it.

    Args:
        name: that of the file, with or without `.nn` and folders; the model gets it in the spelling of models.
        like: a kind of network, an example, or a model of the zoo.

    Returns:
        The files, the spec first.

    Raises:
        SpecError: there is nothing of the name `like`, a file is there already, or it cannot be written.
    """
    path = Path(name if name.endswith(".nn") else f"{name}.nn")
    model = model_name(path.stem)
    kind = find_kind(like)
    made = {path: _of_zoo(like, path, model)} if kind is None else _of_example(kind, path, model)
    for file in made:
        if file.exists():
            raise SpecError.of(FileIsThere(None, str(file)))
    for file, content in reversed(made.items()):  # the spec last: where it is, all is
        with replacing(file) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return tuple(made)


def model_name(name: str) -> str:
    """A file's name as a model's: `my-net_2` is `MyNet2`."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    made = "".join(word[0].upper() + word[1:] for word in words)
    return made if made[:1].isalpha() else f"Net{made}"


def _of_example(kind: Kind, path: Path, model: str) -> dict[Path, str]:
    """The example under the user's name, which its model gets where nothing else names it; what it needs beside it."""
    text = example_text(kind.example).replace(f"examples/{kind.example}.nn", path.as_posix())
    (own, *others) = re.findall(r"(?m)^model (\w+)", text)
    if not others and len(re.findall(rf"\b{own}\b", text)) == 1:
        text = re.sub(r"(?m)^model \w+", f"model {model}", text)
    made = {path: _at_home(text, path.parent)}
    for other in re.findall(r"examples/(\w+)\.nn", text):  # whose run it goes on from
        made[path.parent / f"{other}.nn"] = _at_home(example_text(other), path.parent)
    for data in re.findall(r'"([\w.]+\.tsv)"', text):
        made[path.parent / data] = (folder("examples") / data).read_text(encoding="utf-8")
    return made


def _at_home(text: str, place: Path) -> str:
    """An example's text in another folder: where other examples are, and where runs are, which training puts here."""
    runs = Path(os.path.relpath("runs", place)).as_posix()
    return re.sub(r"examples/(?=\w+\.nn)", "" if place == Path() else f"{place.as_posix()}/", text).replace(
        '"../runs/', f'"{runs}/'
    )


def _of_zoo(name: str, path: Path, model: str) -> str:
    """A variant of a model of the zoo that takes what the model takes, as far as that is a plain value."""
    found = find(name)
    if found is None:
        known = [*(kind.name for kind in KINDS), *(each for family in families() for each in _names(family))]
        raise SpecError.of(NoSuchKind(None, name, nearest(name.lower(), known)))
    family, chosen = found
    of = chosen or family.models[0]
    called = of if of != model else f"Zoo{of}"
    parameters = _parameters(family, of)
    head = _listed([f"{name} = {value}" for name, value in parameters.items()])
    arguments = _listed([f"{name} = {name}" for name in parameters])
    return format_text(
        f"# {of} of {family.path}, to be changed; `nnspec show {family.name}` prints all of it.\n"
        "#\n"
        f"#   nnspec summary {path.as_posix()}\n"
        f'import {of}{"" if called == of else f" as {called}"} from "{family.path}"\n'
        "\n"
        f"model {model}{f'({head})' if head else ''} = {called}({arguments})\n"
    )


def _names(family: Family) -> list[str]:
    return [family.name, *map(str.lower, family.models)]


def _listed(items: list[str]) -> str:
    """Items between parentheses: in one line if that is short, or in lines of their own."""
    line = ", ".join(items)
    return line if len(line) < 50 else "\n" + ",\n".join(items) + "\n"


def _parameters(family: Family, name: str) -> dict[str, str]:
    """The parameters of a model that have plain values, and these as they are written."""
    sink = Sink()
    source = read_source(folder("specs") / f"{family.name}.nn", family.path, sink, DEFAULT_LIMITS)
    if source is None:
        raise SpecError(sink.found)
    declared = next(
        each for each in parse(source, sink).declarations if isinstance(each, tree.Model) and each.name.text == name
    )
    values = {each.name.text: _plain(source, each.default) for each in declared.parameters}
    return {name: value for name, value in values.items() if value is not None}


def _plain(source: Source, default: tree.Expression | None) -> str | None:
    if not isinstance(default, tree.Number | tree.Text | tree.Constant):
        return None
    return source.text[default.start : default.end]
