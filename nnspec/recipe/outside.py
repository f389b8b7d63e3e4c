"""Values for a recipe from outside: settings, which take the place of what the block says, and paths among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import cast

from nnspec.diagnostics import Source, Span, nearest
from nnspec.elaborate.builder.layer import filled
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.describe import describe
from nnspec.elaborate.frame import Environment, Failed, Frame
from nnspec.elaborate.mistakes import BadSetting
from nnspec.recipe.choice import CHOICES, Choice
from nnspec.recipe.data import data_at
from nnspec.recipe.given import Given, GivenWeights, is_given
from nnspec.recipe.lines import Lines
from nnspec.recipe.recipe import HELD_OUT, KEYS, OVER, PHASE_KEYS, literals, words
from nnspec.recipe.written import Plain, Setting, Written, argument
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

PATHS = ("data", "weights", *HELD_OUT)  # keys whose values may be paths
NUMBER = re.compile(r"\s*[\d.]+(e-?\d+)?\s*", re.ASCII)


class Inner(Record):
    """An argument of a choice that is given from outside: `optimizer.lr`, `critic.optimizer.lr`."""

    phase: str  # "" for the block
    key: str
    path: tuple[str, ...]  # below the key
    written: Written


def override(
    key: str,
    value: object,
    written: dict[str, Written],
    config: dict[str, Setting],
    frame: Frame,
    phases: dict[str, Lines],
    outside: list[Inner],
) -> None:
    """A setting from outside takes the place of what the block says, or a phase: `critic.steps`.

    One of an argument, `optimizer.lr`, is put to those that wait `outside` until the choice itself is known.
    """
    phase, _, rest = key.partition(".")
    known, name = (PHASE_KEYS, rest) if rest and phase in phases else (KEYS, key)
    phase = phase if known is PHASE_KEYS else ""
    name, *path = name.split(".")
    if name in CHOICES and name in known and path:
        node = _parsed(key, value, frame)
        if node is not None:
            outside.append(Inner(phase, name, tuple(path), node))
        return
    if name == OVER:
        reason = "the file whose recipe is taken over is named in the spec"
        frame.report(BadSetting(None, reason, f'write it there: train {{ {OVER} = "other.nn" }}'))
        return
    if path and name in known:
        frame.report(
            BadSetting(None, f"{name} is a plain value and has nothing called {'.'.join(path)}", f"set {name}")
        )
        return
    if name not in known:
        close = nearest(name, known)
        advice = f"did you mean {close}?" if close else f"its keys are {', '.join(known)}"
        frame.report(BadSetting(None, f"a recipe has no key {key}", advice))
        return
    target = written if known is KEYS else phases[phase].keys
    target.pop(name, None)
    if is_given(name, value):
        shown = Source(key, type(value).__name__)
        given = (GivenWeights if name == "weights" else Given).model_validate({"value": value})
        config[name] = Setting(given, Span(shown, 0, len(shown.text)))
        return
    source = Source(f"--set {key}", _text(name, value))
    if is_path(name, source.text):
        config[name] = Setting(_at(name, source.text), Span(source, 0, len(source.text)))
        return
    node = _parsed(key, value, frame)
    if node is not None:
        target[name] = node


def _parsed(key: str, value: object, frame: Frame) -> Written | None:
    """A value from outside as an expression that sees the names of the spec; what is wrong with it is told."""
    source = Source(f"--set {key}", _text(key.rpartition(".")[2], value))
    node = parse_expression(source, frame.shared.sink, frame.shared.limits)
    if node is None:
        return None
    declarations = Declarations(source)
    declarations.names = frame.declarations.names
    return Written(node, declarations)


def change(inner: Inner, default: object, frame: Frame, config: dict[str, Setting]) -> None:
    """Change an argument of the choice that a key is; `default` is what it is where nothing says so."""
    own = Frame(frame.shared, inner.written.declarations, frame.scope, Environment(frame.environment))
    current: object = config[inner.key].value if inner.key in config else default
    try:
        value = _changed(own, inner, current, inner.path)
    except Failed:
        return
    assert isinstance(value, (Choice, tuple))
    config[inner.key] = Setting(value, own.span(inner.written.node), None)


def _changed(frame: Frame, inner: Inner, current: object, path: tuple[str, ...]) -> object:
    """What a choice, or one of several, is with an argument changed."""
    name, *below = path
    shown = f"--set {'.'.join(filter(None, (inner.phase, inner.key, *inner.path)))}"
    if isinstance(current, tuple):
        known = {each.word: index for index, each in enumerate(current) if isinstance(each, Choice)}
        if name not in known or not below:
            has = f"it has {', '.join(known)}" if known else "there is nothing in it"
            frame.fail(BadSetting(None, f"{shown} is about {name}, and {has}", f"write out {inner.key}"))
        index = known[name]
        return (*current[:index], _changed(frame, inner, current[index], tuple(below)), *current[index + 1 :])
    if not isinstance(current, Choice):
        way = f"write {inner.phase}.{inner.key}=..., or set that of the block: {'.'.join((inner.key, *path))}"
        frame.fail(BadSetting(None, f"{shown}: the phase has no {inner.key} of its own", way))
    node = inner.written.node
    assert not isinstance(node, t.Chain)
    span = frame.span(node)
    arguments = {each: Setting(getattr(current, each), span) for each in current.model_fields_set}
    if below and name not in current.nested:
        frame.fail(BadSetting(None, f"{shown}: {name} of {current.word} has no arguments", f"set {inner.key}.{name}"))
    value = _changed(frame, inner, getattr(current, name), tuple(below)) if below else argument(
        frame, type(current), name, node)  # fmt: skip
    arguments[name] = Setting(cast(Plain, value), span)
    return filled(frame, type(current), arguments, node)


def merged(before: Mapping[str, object], now: Mapping[str, object]) -> dict[str, object]:
    """Later settings in the place of earlier ones; a choice that is set anew forgets what was set of its arguments."""
    kept = {key: value for key, value in before.items() if not any(key.startswith(f"{each}.") for each in now)}
    return {**kept, **now}


def _text(name: str, value: object) -> str:
    """What a spec would write for the value of a key: a word of a few is one without quotes, too."""
    if isinstance(value, str):
        return describe(value) if value in literals(name) else value
    if name in ("metrics", "augment") and isinstance(value, (list, tuple)) and all(isinstance(x, str) for x in value):
        return f"[{', '.join(value)}]"
    return describe(_tuples(value))


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def placed(recipe: Mapping[str, object]) -> dict[str, object]:
    """The values from outside; a path among them starts from where the program runs, not from the spec."""
    texts = {key: str(recipe[key]) for key in PATHS if isinstance(recipe.get(key), (str, PathLike))}
    paths = {key: text.strip('"') for key, text in texts.items()}
    return {**recipe, **{key: str(Path(path).absolute()) for key, path in paths.items() if is_path(key, path)}}


def is_path(key: str, text: str) -> bool:
    """Whether the value of a key is given as a path (`folder`, `file.npz`, `last.safetensors`), not in the language."""
    if key == "weights":
        return text != "none" and not text.startswith('"')
    if key in HELD_OUT and (text == "none" or NUMBER.fullmatch(text)):
        return False
    known = "|".join(words("data"))
    return key in ("data", *HELD_OUT) and re.fullmatch(rf"({known})\s*(\(.*\))?", text, re.DOTALL) is None


def _at(key: str, path: str) -> Choice | str:
    """The value that a path stands for: data; or the path itself, of weights and of parts like the data."""
    return data_at(path.strip('"')) if key == "data" else path.strip('"')
