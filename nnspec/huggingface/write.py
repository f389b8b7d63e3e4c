"""`spec_of`: a configuration file to the text of a spec, of blocks and models of the zoo.

Nothing of the file reaches the text as it stands: numbers were checked and are written anew, names are our own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import Diagnostic, Sink, Source, Span, SpecError, nearest
from nnspec.hub.keys import keys_of
from nnspec.huggingface.configuration import Configuration, Place
from nnspec.huggingface.content import Config, content_of
from nnspec.huggingface.known import KNOWN, near
from nnspec.huggingface.mistakes import (
    UnknownConfiguration,
    UnknownHead,
    UnknownOption,
    UnreadableConfiguration,
    UnsupportedConfiguration,
)
from nnspec.huggingface.places import places
from nnspec.huggingface.tasks import TASKS, task_of

Kind = TypeVar("Kind", bound=BaseModel)


class _Type(BaseModel, strict=True):
    model_type: str | None = None
    architectures: object = None
    text_config: object = None

    @property
    def family(self) -> str | None:
        """The type whose class the file names, where it names no type."""
        named = self.architectures[0] if isinstance(self.architectures, list) and self.architectures else None
        return next((kind for kind, known in KNOWN.items() if named in known.heads), None)

    @property
    def text(self) -> str | None:
        """The type of the language model within, if it is known."""
        kind = self.text_config.get("model_type") if isinstance(self.text_config, dict) else None
        return kind if kind in KNOWN else None


class Described(NamedTuple):
    """The text of a spec, and what it leaves of the configuration."""

    text: str
    remarks: tuple[str, ...]


def spec_of(config: Config, name: str | None = None, head: str | None = None, ignore: Collection[str] = ()) -> str:
    """The text of a spec for a configuration; see `described`."""
    return described(config, name, head, ignore).text


def described(
    config: Config, name: str | None = None, head: str | None = None, ignore: Collection[str] = ()
) -> Described:
    """The spec for a configuration.

    Args:
        config: the `config.json`, its folder, its content, or a configuration of transformers.
        name: what the model is called; the class of transformers if it is left out.
        head: the task that the model is for, as in `TASKS`; that of the class that the file names if left out.
        ignore: options that have no effect, though they are not known.

    Raises:
        SpecError: the file cannot be read, or is of a model that the zoo does not have.
    """
    given = content_of(config)
    path, content = given.name, given.content
    type = _validated(_Type, content, path)
    kind = type.model_type
    if kind is None or kind not in KNOWN:
        span = _spans(path, content).get(("model_type",))
        suggestion = near(kind) if kind else type.family
        raise SpecError.of(
            UnknownConfiguration(span, path, kind or None, tuple(KNOWN), suggestion, type.text, installed())
        )
    configuration = _validated(_family(KNOWN[kind], given.folder), content, path)
    found = list(_mistakes(configuration, path, kind, content, frozenset(ignore)))
    architecture = _architecture(configuration, head)
    if architecture not in configuration.heads:
        span = _spans(path, content).get(("architectures", 0)) if head is None else None
        known = tuple(configuration.heads)
        task = task_of(nearest(architecture, known) or known[0])
        found.append(UnknownHead(span, path, architecture, known, task))
    sink = Sink()
    for mistake in found:
        sink.add(mistake)
    sink.raise_errors()
    written = configuration.named(architecture)
    remarks = configuration.remarks
    about = "; ".join((f"{written} of transformers, from a configuration of type {kind}", *remarks))
    return Described(configuration.model(architecture).text(name or written, f"{about}."), remarks)


def _family(known: type[Configuration], folder: Path | None) -> type[Configuration]:
    """The family, by the keys of the weights beside the file where it depends on them."""
    keys = keys_of(folder) if known.lacking and folder is not None else None
    return known if keys is None else next((other for key, other in known.lacking.items() if key not in keys), known)


def installed() -> bool:
    """Whether transformers and torch are here, through which other types are read."""
    return find_spec("transformers") is not None and find_spec("torch") is not None


def _architecture(configuration: Configuration, head: str | None) -> str:
    """The class of transformers that is written: for the task, or as the file says, or the family's own."""
    classes = list(configuration.heads)
    if head is not None:
        return next((name for name in classes if task_of(name) == head), TASKS.get(head, head))
    named = configuration.architectures or ()
    return next((name for name in named if name in classes), named[0] if named else classes[0])


def _mistakes(
    configuration: Configuration, path: str, kind: str, content: bytes, ignored: frozenset[str]
) -> Iterator[Diagnostic]:
    problems, unknown = list(configuration.problems()), list(configuration.unknown())
    spans = _spans(path, content) if problems or unknown else {}
    for place, text in problems:
        if ignored.isdisjoint(map(str, place)):
            yield UnsupportedConfiguration(spans.get(place), path, kind, text)
    for place in unknown:
        name = ".".join(map(str, place))
        part: BaseModel = configuration
        for key in place[:-1]:
            part = getattr(part, str(key))
        if name not in ignored:
            yield UnknownOption(spans.get(place), path, kind, name, nearest(str(place[-1]), type(part).model_fields))


def _spans(path: str, content: bytes) -> dict[Place, Span]:
    """Where the options of a file stand."""
    source = Source(path, content.decode("utf-8", "replace"))
    return {place: Span(source, *ends) for place, ends in places(source.text).items()}


def _validated(kind: type[Kind], content: bytes, path: str) -> Kind:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        reasons = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in found]
        place = tuple(found[0]["loc"])
        spans = {} if found[0]["type"] == "json_invalid" else _spans(path, content)
        span = next((spans[place[:end]] for end in range(len(place), 0, -1) if place[:end] in spans), None)
        raise SpecError.of(UnreadableConfiguration(span, path, tuple(reasons))) from None
