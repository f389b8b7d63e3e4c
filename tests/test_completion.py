"""`nnspec completion`: what a shell offers; and the hints at a terminal, which programs never see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from nnspec.cli.hints import hint
from nnspec.cli.main import main

SPEC = """
model Small(width = 4, classes = 3) { input x: float[N, 4]; body: { first: Linear(width) -> ReLU }; output y = Linear(classes) }
model Other(depth = 2) { input x: float[N, 4]; output y = depth x Linear(4) }
train { loss = mse(y, target); data = arrays("d.npz") }
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nets").mkdir()
    Path("nets/small.nn").write_text(SPEC)
    Path("broken.nn").write_text("model Broken {")


def offered(*words: str) -> list[str]:
    """The completions of the last word."""
    found = BashComplete(main, {}, "nnspec", "_NNSPEC_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [each.value for each in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("summ",), ["summary"]),
        (("summary", "resnet5"), ["resnet50"]),
        (("summary", "ne"), ["nets/small.nn"]),
        (("summary", "zoo/resn"), ["zoo/resnet.nn"]),
        (("draw", "nets/small.nn", "--model", ""), ["Small", "Other"]),
        (("draw", "nets/small.nn", "--set", ""), ["width=", "classes="]),
        (("draw", "nets/small.nn", "--model", "Other", "--set", ""), ["depth="]),
        (("train", "nets/small.nn", "--set", "epo"), ["epochs="]),
        (("explain", "nets/small.nn", "bod"), ["body"]),
        (("explain", "nets/small.nn", "body.f"), ["body.first"]),
        (("explain", "ConvTranspose2"), ["ConvTranspose2d"]),
        (("new", "x", "--like", "diff"), ["diffusion"]),
        (("zoo", "squ"), ["squeezenet"]),
        (("summary", "broken.nn", "--set", ""), []),
        (("summary", "nowhere.nn", "--set", ""), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_shell_is_offered(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_folders_of_runs_are_offered() -> None:
    Path("runs/first").mkdir(parents=True)
    Path("runs/first/run.json").touch()
    assert offered("predict", "runs/") == ["runs/first"]
    assert offered("train", "--resume", "") == ["runs/first"]


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", "data/bash-completion/completions/nnspec"),
        ("zsh", "data/zsh/site-functions/_nnspec"),
        ("fish", "config/fish/completions/nnspec.fish"),
    ],
)
def test_one_command_installs_it_where_the_shell_looks(shell: str, place: str, tmp_path: Path) -> None:
    environment = {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "SHELL": f"/bin/{shell}",
    }
    done = CliRunner(env=environment).invoke(main, ["completion", "--install"])
    assert done.exit_code == 0, done.output
    printed = CliRunner(env=environment).invoke(main, ["completion", shell])
    assert (tmp_path / place).read_text() == printed.output


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_by_the_script(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(CliRunner().invoke(main, ["completion", "bash"]).output)
    (tmp_path / "nnspec").write_text(f'#!/bin/sh\nexec {sys.executable} -m nnspec "$@"\n')
    (tmp_path / "nnspec").chmod(0o755)
    asked = 'source ./script; COMP_WORDS=(nnspec summary nets/); COMP_CWORD=2; _nnspec_completion ./nnspec; echo "${COMPREPLY[@]}"'
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.stdout == "nets/small.nn\n", done.stderr


def test_hints_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    hint("nnspec", "summary", "my net.nn")
    assert capsys.readouterr() == ("", "")
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    hint("nnspec", "summary", "my net.nn")
    assert "next: nnspec summary 'my net.nn'" in capsys.readouterr().err
    monkeypatch.setenv("NNSPEC_HINTS", "0")
    hint("nnspec", "summary", "my net.nn")
    assert capsys.readouterr() == ("", "")
