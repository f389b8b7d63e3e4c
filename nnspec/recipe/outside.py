"""Values for a recipe from outside: settings, which take the place of what the block says, and paths among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path, PurePath

from nnspec.diagnostics import Source, Span, nearest
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.describe import describe
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import BadSetting
from nnspec.recipe.choice import Choice
from nnspec.recipe.data import ENDINGS, Images
from nnspec.recipe.lines import Lines
from nnspec.recipe.recipe import KEYS, PHASE_KEYS, words
from nnspec.recipe.written import Setting, Written
from nnspec.syntax.parse import parse_expression


def override(
    key: str,
    value: object,
    written: dict[str, Written],
    config: dict[str, Setting],
    frame: Frame,
    phases: dict[str, Lines],
) -> None:
    """A setting from outside takes the place of what the block says, or a phase: `critic.steps`."""
    phase, _, inner = key.partition(".")
    known, name = (PHASE_KEYS, inner) if inner and phase in phases else (KEYS, key)
    if name not in known:
        close = nearest(name, known)
        advice = f"did you mean {close}?" if close else f"its keys are {', '.join(known)}"
        frame.report(BadSetting(None, f"a recipe has no key {key}", advice))
        return
    target = written if known is KEYS else phases[phase].keys
    target.pop(name, None)
    source = Source(f"--set {key}", value if isinstance(value, str) else describe(_tuples(value)))
    if is_path(name, source.text):
        config[name] = Setting(_at(name, source.text), Span(source, 0, len(source.text)))
        return
    node = parse_expression(source, frame.shared.sink, frame.shared.limits)
    if node is not None:
        declarations = Declarations(source)
        declarations.names = frame.declarations.names
        target[name] = Written(node, declarations)


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def placed(recipe: Mapping[str, object]) -> dict[str, object]:
    """The values from outside; a path among them starts from where the program runs, not from the spec."""
    texts = {key: str(recipe[key]) for key in ("data", "weights") if isinstance(recipe.get(key), (str, PathLike))}
    paths = {key: text.strip('"') if key == "weights" else text for key, text in texts.items()}
    return {**recipe, **{key: str(Path(path).absolute()) for key, path in paths.items() if is_path(key, path)}}


def is_path(key: str, text: str) -> bool:
    """Whether the value of a key is given as a path (`folder`, `file.npz`, `last.safetensors`), not in the language."""
    if key == "weights":
        return text != "none" and not text.startswith('"')
    return key == "data" and re.fullmatch(rf"({'|'.join(words('data'))})\s*(\(.*\))?", text, re.DOTALL) is None


def _at(key: str, path: str) -> Choice | str:
    """The choice that a path stands for: a file of weights, or data."""
    reader = ENDINGS.get(PurePath(path).suffix.lower(), Images)
    return path if key == "weights" else reader.model_validate({"path": path})
