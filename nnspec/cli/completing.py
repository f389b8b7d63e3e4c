"""The words that a shell offers for arguments and options, as click's `shell_complete` takes them.

A shell asks on each press of a key, and shows nothing but answers: a spec with mistakes has no names to offer, and says
so elsewhere. What is slow is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from click import Context, Parameter

from nnspec.diagnostics import SpecError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from nnspec.model import Model

Words = Callable[[Context, str], Iterable[str]]
Complete = Callable[[Context, Parameter, str], "list[CompletionItem]"]


def _offering(words: Words) -> Complete:
    """The words that go on with what is typed; none where what they depend on has mistakes."""

    @wraps(words)
    def complete(context: Context, parameter: Parameter, typed: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # only where a shell asks

        try:
            found = [each for each in words(context, typed) if each.startswith(typed)]
        except (OSError, SpecError):
            found = []
        # In a folder the shell itself knows all paths.
        paths = [CompletionItem(typed, type="file")] if not found and "/" in typed else []
        return [*map(CompletionItem, dict.fromkeys(found)), *paths]

    return complete


@_offering
def specs(context: Context, typed: str) -> Iterator[str]:
    """Specs here, and the names of the zoo."""
    yield from _files(typed, ".nn")
    yield from _zoo(typed)


@_offering
def models(context: Context, typed: str) -> Iterator[str]:
    """Runs, specs and ONNX files here, and the names of the zoo."""
    yield from _runs()
    yield from _files(typed, ".nn", ".onnx")
    yield from _zoo(typed)


@_offering
def runs(context: Context, typed: str) -> Iterator[str]:
    """The runs here."""
    yield from _runs()


@_offering
def names(context: Context, typed: str) -> Iterator[str]:
    """The models of the file that is named."""
    model = _model(context)
    if model is not None:
        yield from (model.name, *model.others)


@_offering
def settings(context: Context, typed: str) -> Iterator[str]:
    """The parameters of the model that is named, and for training the keys of a recipe."""
    from nnspec.recipe.recipe import KEYS

    model = _model(context)
    if model is not None and model.declarations is not None:
        for each in model.declarations.models:
            if each.name == model.name:
                yield from (f"{parameter.name.text}=" for parameter in each.declaration.parameters)
    if context.info_name in ("train", "check", "sweep", "find-lr"):
        yield from (f"{key}=" for key in KEYS)


@_offering
def kinds(context: Context, typed: str) -> Iterator[str]:
    """The kinds of new specs, and the names of the zoo."""
    from nnspec.beginning.kinds import KINDS

    yield from (kind.name for kind in KINDS)
    yield from _zoo(typed)


@_offering
def families(context: Context, typed: str) -> Iterator[str]:
    """The files of the zoo."""
    from nnspec.zoo import families

    yield from (family.name for family in families())


@_offering
def explained(context: Context, typed: str) -> Iterator[str]:
    """All that has a page, and specs."""
    from nnspec.explain import explainable

    yield from explainable()
    yield from _files(typed, ".nn")
    yield from _zoo(typed)


@_offering
def labels(context: Context, typed: str) -> Iterator[str]:
    """The layers of the model that is named, one level further than what is typed."""
    from nnspec.why import paths

    model = _model(context, "word")
    level = typed.count(".") + 1
    if model is not None:
        yield from dict.fromkeys(".".join(path.split(".")[:level]) for path in paths(model.program))


def _files(typed: str, *endings: str) -> Iterator[str]:
    """The files here and one folder below, or in the folder that is typed and one below."""
    place = Path(typed.rpartition("/")[0])
    for pattern in ("*", "*/*"):
        yield from sorted(str(path) for path in place.glob(pattern)
                          if path.suffix in endings and not path.name.startswith("."))  # fmt: skip


def _runs() -> Iterator[str]:
    from nnspec.train.comparison import find_runs

    yield from (str(path) for path in find_runs(Path("runs")))


def _zoo(typed: str) -> Iterator[str]:
    from nnspec.zoo import families

    for family in families():
        yield from (family.path,) if typed.startswith("zoo/") else dict.fromkeys(map(str.lower, family.models))


def _model(context: Context, parameter: str = "path") -> Model | None:
    """The model that has been named before the cursor."""
    from nnspec.opening import load

    # Behind an option that waits for its value click has not told yet which argument is which.
    path = context.params.get(parameter) or next(iter(context.args), None)
    return None if path is None else load(path, context.params.get("model"))
