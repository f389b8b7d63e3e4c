"""Commands and the library have the same words for the same things, with the same defaults."""

from __future__ import annotations

import inspect
from typing import Any

import click
import pytest

import nnspec
from nnspec.cli.main import main

# How a command names its spec and what is shown, in place of what a program has in its hands.
SHELL = {"path", "model", "settings", "inputs", "limits", "plugin", "partial", "tokenizer", "output", "as_json"}
LATER = {"count"}  # of samples: the command has a default of its own for pictures
# A command, the function that does it, and the options that have no argument of their name: what they are in Python.
PAIRS: list[tuple[str, Any, dict[str, str]]] = [
    ("summary", nnspec.Model.summary, {"columns": "Summary.table", "watched": ""}),
    ("draw", nnspec.Model.draw, {"paths": "open"}),
    ("diff", nnspec.Model.diff, {"before": "self", "changed": "after", "to_model": "after"}),
    ("train", nnspec.Model.train, {"resumed": "resume", "compiled": "compile", "tensorboard": "callbacks"}),
    ("evaluate", nnspec.evaluate, {}),
    ("predict", nnspec.predict, {"files": "inputs"}),
    (
        "sample",
        nnspec.Model.sample,
        {"prompts": "prompt", "sources": "source", "chat": "messages", "system": "messages"},
    ),
    (
        "export",
        nnspec.Model.export_triton,
        {"source": "torch_source", "onnx": "export_onnx", "cache": "cached"},
    ),
    ("verify", nnspec.Model.verify, {"file": "path", "cache": "cached", "encoder": "cached"}),
    ("bench", nnspec.Model.benchmark, {}),
    ("find-lr", nnspec.Model.find_learning_rate, {}),
    ("page", nnspec.Model.page, {"runtime": "onnxruntime_web"}),
    ("check", nnspec.check, {"others": "path", "format": ""}),
]


@pytest.mark.parametrize(("command", "function", "others"), PAIRS, ids=[each[0] for each in PAIRS])
def test_an_option_is_an_argument_of_the_same_name_and_default(
    command: str, function: Any, others: dict[str, str]
) -> None:
    given = main.get_command(click.Context(main), command)
    assert given is not None
    arguments = inspect.signature(function).parameters
    options = {each.name: each for each in given.params if each.name not in SHELL}
    assert {name for name in options if name not in arguments} == set(others)
    for name in options.keys() & arguments.keys():
        default, own = options[str(name)].get_default(click.Context(given)), arguments[str(name)].default
        if isinstance(default, (str, int, float)) and (default or own):  # click marks what is left out
            assert default == own, name
        else:
            assert own in (None, (), "", False, inspect.Parameter.empty) or name in LATER, name
