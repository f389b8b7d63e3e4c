"""`nnspec summary --watch`: drawn anew when a file changes, until Ctrl-C; what is between two looks is no sleep here."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnspec.cli import watching
from nnspec.cli.main import main

Edit = Callable[[], object]
SPEC = "model M {{ input x: float[N, 4]; output y = x -> Linear({}) }}"
IMPORTING = 'import Head from "head.nn"\nmodel M { input x: float[N, 4]; output y = x -> Head }'
FROZEN = """\
model M {
  input x: float[N, 4]
  output y = x -> a: Linear(2) -> b: Linear(3)
}
train { recipe = "r.nn" }
"""
HEAD = "block Head: x {{ x -> Linear({}) }}"


@pytest.fixture
def watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[str]]:
    """Watch the summary of m.nn while it is edited: what was drawn, screen by screen."""
    monkeypatch.chdir(tmp_path)

    def run(*edits: Edit | list[Edit]) -> list[str]:
        steps = _pauses(edits)
        monkeypatch.setattr(watching, "sleep", lambda seconds: next(steps)())
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        main(["summary", "m.nn", "--watch"], standalone_mode=False)  # type: ignore[call-overload]
        shown = capsys.readouterr()
        assert not shown.err
        return shown.out.split("\033[2J\033[1;1H")[1:]

    return run


def _pauses(edits: tuple[Edit | list[Edit], ...]) -> Iterator[Edit]:
    """Between two looks at the files: an edit, or some in a row, then nothing for long enough to see it; last Ctrl-C."""
    for edit in edits:
        yield from edit if isinstance(edit, list) else [edit]
        yield from [lambda: None] * 3
    while True:
        yield _interrupt


def _interrupt() -> None:
    raise KeyboardInterrupt


def write(name: str, text: str) -> Edit:
    """An edit."""
    return lambda: Path(name).write_text(text)


def test_a_change_of_the_spec_is_drawn_and_nothing_else_is(watched) -> None:
    write("m.nn", SPEC.format(30))()
    screens = watched(lambda: None, write("m.nn", SPEC.format(5)), lambda: None)
    assert len(screens) == 2
    assert "150" in screens[0] and "watching m.nn; Ctrl-C ends" in screens[0]
    assert "25" in screens[1]


def test_mistakes_are_shown_and_watching_goes_on(watched) -> None:
    screens = watched(
        write("m.nn", SPEC.format("H")), lambda: Path("m.nn").unlink(), write("m.nn", SPEC.format(7)),
    )  # fmt: skip
    first, wrong, missing, right = screens
    assert "there is no such file" in first and "there is no such file" in missing
    assert "error[" in wrong and "watching m.nn" in wrong
    assert "35" in right and "error[" not in right


def test_imports_are_watched_also_those_that_are_not_there_yet(watched) -> None:
    write("m.nn", IMPORTING)()
    first, second, third = watched(write("head.nn", HEAD.format(30)), write("head.nn", HEAD.format(5)))
    assert "error[" in first
    assert "150" in second and "watching m.nn and 1 more that it reads" in second
    assert "25" in third


def test_the_file_of_a_recipe_that_freezes_weights_is_watched(watched) -> None:
    recipe = "train {{ data = digits(); loss = cross_entropy(y, label); freeze = [{}] }}"
    write("m.nn", FROZEN)()
    write("r.nn", recipe.format("a"))()
    first, second, wrong = watched(write("r.nn", recipe.format("b")), write("r.nn", recipe.format("c")))
    assert re.search(r"Frozen parameters +10\n", first)
    assert re.search(r"Frozen parameters +9\n", second)
    assert "r.nn:1:" in wrong


def test_a_half_written_file_is_waited_for(watched) -> None:
    write("m.nn", SPEC.format(30))()
    screens = watched([write("m.nn", ""), write("m.nn", "model"), write("m.nn", SPEC.format(5))])
    assert ["error[" in screen for screen in screens] == [False, False]


def test_a_warning_stands_below_the_table(watched) -> None:
    write("m.nn", "model M { input x: float[N, 4]; a = x -> Linear(2); output y = x -> Linear(3) }")()
    (screen,) = watched()
    assert screen.index("Activation memory") < screen.index("warning[") < screen.index("watching")


def test_no_terminal_and_json_are_refused_plainly(tmp_path: Path) -> None:
    (tmp_path / "m.nn").write_text(SPEC.format(3))
    for option, reason in (("--depth=1", "standard output is none"), ("--json", "--json is for programs")):
        done = CliRunner().invoke(main, ["summary", str(tmp_path / "m.nn"), "--watch", option])
        assert done.exit_code == 2
        assert f"--watch draws on a terminal, and {reason}" in done.output


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_on_a_real_terminal_ctrl_c_ends_it_with_success(tmp_path: Path) -> None:
    import pty

    (tmp_path / "m.nn").write_text(SPEC.format(30))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "nnspec", "summary", "m.nn", "--watch"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=_heed_ctrl_c
    ) as running:
        os.close(theirs)
        try:
            assert "150" in _read(ours)
            (tmp_path / "m.nn").write_text(SPEC.format(5))
            assert "25" in _read(ours)
            running.send_signal(signal.SIGINT)
            assert running.wait(30) == 0
        finally:
            running.kill()
    os.close(ours)


def _heed_ctrl_c() -> None:
    """What shells start in the background leaves Ctrl-C alone, and so would the tests there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_name_that_is_no_file_is_refused_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["summary", "resnet51", "--watch"], standalone_mode=False)  # type: ignore[call-overload]
    assert ended.value.code == 1


def _read(terminal: int) -> str:
    """All that is drawn, up to the line that says how to end it."""
    drawn = b""
    while b"Ctrl-C ends" not in drawn:
        assert select.select([terminal], [], [], 60)[0], drawn
        drawn += os.read(terminal, 65536)
    return drawn.decode()
