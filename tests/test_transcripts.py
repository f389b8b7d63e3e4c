"""Every mistake of training, export, data, weights and running has a golden file, too: tests/transcripts/NAME.txt.

Such a file holds what is needed, each under a line `=== NAME`; then commands, `$ nnspec ...` or `> NAME` for one of the
Python functions below; then what the last command tells. After a change of a message, look at what
`NNSPEC_REGOLD=1 pytest tests/test_transcripts.py` writes before committing it.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.plugin import loading
from tests.reference.transcripts import STEPS

FOLDER = Path(__file__).parent / "transcripts"
CASES = sorted(FOLDER.glob("*.txt"))
MISTAKES = FOLDER.parent / "mistakes"
EXCUSED: dict[str, str] = {}  # codes without a golden file, each with the reason


class Transcript:
    """The parts of a case: files by name, commands, what the last one tells."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        last = max(index for index, line in enumerate(lines) if line.startswith(("$ ", "> ")))
        self.asked, self.told = "".join(lines[: last + 1]), "".join(lines[last + 1 :])
        self.files: dict[str, str] = {}
        self.commands: list[str] = []
        name = ""
        for line in lines[: last + 1]:
            if line.startswith("=== "):
                name = line.removeprefix("=== ").strip()
                self.files[name] = ""
            elif line.startswith(("$ ", "> ")):
                self.commands.append(line.strip())
            else:
                self.files[name] += line


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """What a command tells of mistakes, and its exit code."""
    if command.startswith("> "):
        try:
            STEPS[command.removeprefix("> ")](monkeypatch)
        except SpecError as refused:
            return f"{str(refused).strip()}\n", 1
        return "", 0
    result = CliRunner().invoke(main, shlex.split(command)[2:], catch_exceptions=False)
    found = re.findall(r"^(?:error|warning)\[.*\n(?:[ \d].*\n)*", result.output, re.MULTILINE)
    return "\n".join(found), result.exit_code


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_a_command_tells_is_the_golden_text(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Transcript(path)
    monkeypatch.setattr(loading, "_loaded", {})  # a run notes the plug-ins of its process
    monkeypatch.chdir(tmp_path)
    for name, text in case.files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    for command in case.commands[:-1]:
        told, code = run(command, monkeypatch)
        assert not code, told
    told, code = run(case.commands[-1], monkeypatch)
    told = told.replace(str(tmp_path), "FOLDER")
    if os.environ.get("NNSPEC_REGOLD"):
        path.write_text(case.asked + told, encoding="utf-8")
        case = Transcript(path)
    assert told == case.told
    assert code == (1 if "error[" in told else 0)
    assert all(" = help: " in mistake for mistake in re.split(r"\n\n(?=error|warning)", told))


def test_every_code_has_a_golden_file() -> None:
    codes = {
        code
        for source in (Path(__file__).parent.parent / "nnspec").rglob("*.py")
        for code in re.findall(r'^    code(?:: ClassVar\[str\])? = "([EW]\d{4})"', source.read_text(), re.MULTILINE)
    }
    told = "".join(path.read_text(encoding="utf-8") for path in (*CASES, *MISTAKES.glob("*.txt")))
    assert {code for code in codes if f"[{code}]" not in told} == EXCUSED.keys()
