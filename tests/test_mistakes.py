"""Every mistake has a golden file: tests/mistakes/NAME.nn and what `nnspec check` says of it, NAME.txt.

A first line `# check: OPTIONS` gives options of the command. After a change of a message, look at what
`NNSPEC_REGOLD=1 pytest tests/test_mistakes.py` writes before committing it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import Diagnostic

FOLDER = Path(__file__).parent / "mistakes"
CASES = sorted(FOLDER.glob("*.nn"))
STAGES = ("nnspec.syntax.mistakes", "nnspec.elaborate.mistakes", "nnspec.elaborate.doubts")
OF_TRAINING = {"E0221"}  # raised where a recipe is read, not by `nnspec check`


def check(path: Path, *options: str) -> Result:
    """`nnspec check` in the folder of the case."""
    return CliRunner().invoke(main, ["check", path.name, *options], catch_exceptions=False)


def options_of(path: Path) -> list[str]:
    """The options that the case asks for."""
    if path.is_dir():
        return []
    first = path.read_bytes().split(b"\n")[0].decode("utf-8", "replace")
    return shlex.split(first.removeprefix("# check:")) if first.startswith("# check:") else []


def classes() -> list[type[Diagnostic]]:
    """All kinds of mistakes of the parser and the elaborator."""
    found = [
        each for stage in STAGES for _, each in inspect.getmembers(importlib.import_module(stage), inspect.isclass)
    ]
    return [each for each in found if issubclass(each, Diagnostic) and each.code not in {"", *OF_TRAINING}]


@pytest.fixture(autouse=True)
def in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_check_says_is_the_golden_text(path: Path) -> None:
    result = check(path, *options_of(path))
    golden = path.with_suffix(".txt")
    if os.environ.get("NNSPEC_REGOLD"):
        golden.write_text(result.stderr, encoding="utf-8")
    assert result.stderr == golden.read_text(encoding="utf-8")
    assert result.exit_code == (1 if "error[" in result.stderr else 0)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_mistake_shows_a_way_out(path: Path) -> None:
    for mistake in path.with_suffix(".txt").read_text(encoding="utf-8").split("\n\n"):
        assert " = help: " in mistake


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_json_and_text_tell_the_same(path: Path) -> None:
    result = check(path, "--format", "json", *options_of(path))
    found = json.loads(result.stdout)
    told = re.findall(
        r"^(?:error|warning)\[(\w+)\]", path.with_suffix(".txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [each["code"] for each in found] == told
    for each in found:
        assert each["message"] and each["help"]
        assert each["place"] is None or each["place"]["start"] <= each["place"]["end"]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.code)
def test_every_code_has_a_golden_file_and_a_page(kind: type[Diagnostic]) -> None:
    assert len(kind.__doc__ or "") > 40
    assert any(f"[{kind.code}]" in path.with_suffix(".txt").read_text(encoding="utf-8") for path in CASES)


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in CASES}


def test_a_code_stands_for_one_kind_of_mistake() -> None:
    codes: list[str] = []
    for module in pkgutil.walk_packages(nnspec.__path__, "nnspec."):
        source = module.module_finder.find_spec(module.name).loader.get_source(module.name)  # type: ignore
        codes += re.findall(r'^    code(?:: ClassVar\[str\])? = "([EW]\d{4})"', source, re.MULTILINE)
    assert len(codes) > 30
    assert sorted(codes) == sorted(set(codes))
