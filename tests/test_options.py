"""The options that the README promises: the same names everywhere, and only where they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click import Group
from click.testing import CliRunner

from nnspec.cli.main import main

SPEC = {
    "check",
    "summary",
    "export",
    "verify",
    "bench",
    "train",
    "sweep",
    "find-lr",
    "weights check",
    "weights convert",
    "predict",
    "evaluate",
    "draw",
    "diff",
    "sample",
    "page",
}
PROMISED = {
    "--set": SPEC | {"explain"},
    "--model": SPEC | {"explain"},
    "--limit": SPEC | {"explain"},
    "--plugin": SPEC | {"explain"},
    "--input": (SPEC | {"explain", "import"})
    - {"sample", "evaluate", "page"},  # in predict it is what the model runs on
    "--memory": {"train", "sweep", "find-lr", "evaluate"},
    "--workers": {"train", "sweep", "find-lr", "evaluate"},
    "--json": {
        "check",
        "summary",
        "verify",
        "bench",
        "runs",
        "zoo",
        "weights check",
        "predict",
        "evaluate",
        "sample",
        "doctor",
    },
}


def commands(group: Group = main, prefix: str = "") -> dict[str, set[str]]:
    """The options of every command."""
    found: dict[str, set[str]] = {}
    for name in group.list_commands(None):  # type: ignore[arg-type]
        command = group.get_command(None, name)  # type: ignore[arg-type]
        if isinstance(command, Group):
            found |= commands(command, f"{prefix}{name} ")
        elif command is not None:
            found[prefix + name] = {option for each in command.params for option in each.opts}
    return found


@pytest.mark.parametrize("option", PROMISED)
def test_commands_have_the_options_that_are_promised(option: str) -> None:
    assert {name for name, options in commands().items() if option in options} == PROMISED[option]


def test_the_readme_says_the_same(repository: Path) -> None:
    text = " ".join((repository / "README.md").read_text(encoding="utf-8").split())
    shapes, outputs = (
        re.search(r"(`check`[^.;]*) take `--input image", text),
        re.search(r"(`check`[^.]*) print JSON", text),
    )
    assert shapes and outputs
    assert _named(shapes[1]) == {name.partition(" ")[0] for name in PROMISED["--input"]} - {"predict"}
    assert _named(outputs[1]) == PROMISED["--json"]


def _named(text: str) -> set[str]:
    return set(re.findall(r"`([a-z -]+)`", text))


def test_json_is_all_that_is_printed(tmp_path: Path) -> None:
    (tmp_path / "m.nn").write_text("model M { input x: float[N, 4]; output y = x -> Linear(3) }")
    spec, file = str(tmp_path / "m.nn"), str(tmp_path / "m.onnx")
    assert CliRunner().invoke(main, ["export", spec, "--onnx", file]).exit_code == 0
    for command in (["check", spec], ["summary", spec], ["verify", spec, file], ["zoo"]):
        done = CliRunner().invoke(main, [*command, "--json"])
        assert done.exit_code == 0, done.output
        json.loads(done.stdout)
