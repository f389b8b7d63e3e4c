"""A page of the guide, played: its files are written, its specs checked, its commands run, in the folder we are in.

A block of `nn` that begins with a comment with a file's name, `# lenet.nn`, is that file; `# lenet.nn, continued` is
added to it. In a block of `console` each line `$ ...` is run, and what it prints stands below it, where `...` is any
number of lines, or any text within one. `$ cat FILE` shows a file that a command wrote, or else writes it. `pycon` is
run as a doctest. Commands that take long or need other machines are blocks of `bash`: only their options are looked up.
"""

from __future__ import annotations

import doctest
import re
import shlex
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.formatting import format_text

BLOCK = re.compile(r"^```(\w+)( error)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.nn)(, continued)?\n")
MEASURED = {"export", "predict", "runs", "sample", "train", "verify"}  # numbers that differ from machine to machine


def played(page: str) -> str:
    """The page with its specs formatted and the outputs that its commands have.

    Raises:
        AssertionError: a block is not what it says.
    """
    names: dict[str, Any] = {}

    def play(block: re.Match[str]) -> str:
        language, refused, text = block.groups()
        match language:
            case "nn":
                _spec(text, refused=bool(refused))
                return f"```nn{refused or ''}\n{format_text(text)}```"
            case "console":
                return f"```console\n{_console(text)}```"
            case "pycon":
                # A name of its own: doctest looks up the lines of functions by it, also those of blocks before.
                test = doctest.DocTestParser().get_doctest(text, names, f"block {block.start()}", None, 0)
                assert not doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False).failed
                names.update(test.globs)
            case "bash":
                _look_up(text)
            case other:
                raise AssertionError(f"a block of {other}")
        return block[0]

    return BLOCK.sub(play, page)


def _spec(text: str, *, refused: bool) -> None:
    """Write and check a block of `nn`: all its models, their PyTorch source, and its recipe."""
    named = FILE.match(text)
    path = Path(named[1] if named else "unnamed.nn")
    if named and named[2]:
        text = path.read_text(encoding="utf-8") + "\n" + text.partition("\n")[2]
    path.write_text(text, encoding="utf-8")
    if refused:
        try:
            nnspec.load(path)
        except SpecError:
            return
        raise AssertionError(f"this is no mistake:\n{text}")
    model = nnspec.load(path)
    assert model.declarations is not None
    for definition in model.declarations.models:
        each = nnspec.load(path, definition.name)
        assert [found.diagnostic.message for found in each.found] == []
        assert each.summary().rows
        compile(each.torch_source(), definition.name, "exec")
    if "\ntrain " in text:
        assert {found.diagnostic.code for found in model.check()} <= {"W0270"}  # weights that are not there yet


def _console(text: str) -> str:
    """A block of `console` with the outputs that its commands have."""
    parts = re.split(r"^(\$ .*(?:\\\n.*)*)\n", text, flags=re.MULTILINE)
    written = parts[0]
    for command, shown in zip(parts[1::2], parts[2::2], strict=True):
        words = shlex.split(command.removeprefix("$ "))
        if words[0] == "cat":
            path = Path(words[1])
            if not path.exists():
                path.write_text(shown, encoding="utf-8")
            told = path.read_text(encoding="utf-8")
        else:
            assert words[0] == "nnspec", command
            result = CliRunner().invoke(main, words[1:])
            assert result.exit_code in (0, 1), result.output
            told = result.output
        told = "".join(f"{line.rstrip()}\n" for line in told.rstrip().splitlines())
        written += f"{command}\n{shown if _like(shown, told, words[1] in MEASURED) else _cut(told, shown)}"
    return written


def _like(shown: str, told: str, measured: bool) -> bool:
    """Whether a page shows what a command told."""
    pattern = ""
    for piece in re.split(r"(^\.\.\.\n|\.\.\.|\d(?:[\d.,e+-]*\d)?| +)", shown, flags=re.MULTILINE):
        if piece == "...\n":
            pattern += r"(?:.*\n)*"
        elif piece == "...":
            pattern += ".*"
        elif measured and re.match(r"\d", piece):
            pattern += r"\d(?:[\d.,e+-]*\d)?"
        elif measured and piece.startswith(" "):
            pattern += " +"
        else:
            pattern += re.escape(piece)
    return re.fullmatch(pattern, told) is not None


def _cut(told: str, shown: str) -> str:
    """The output without the lines that the page leaves out; all of it where that cannot be told."""
    now = told.splitlines(keepends=True)
    lines = shown.splitlines(keepends=True)
    cut = "".join(line if line == "...\n" else "".join(get_close_matches(line, now, 1, 0.5)) for line in lines)
    return cut if _like(cut, told, measured=False) else told


def _look_up(text: str) -> None:
    """Look up whether the commands of a block of `bash` have the options that they are given."""
    for line in text.replace("\\\n", "").splitlines():
        words = shlex.split(line, comments=True)
        if "nnspec" not in words:
            continue
        words = words[words.index("nnspec") + 1 :]
        command = main.get_command(click.Context(main), words[0])
        assert command is not None, line
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("-") and word != "-"} <= known, line
