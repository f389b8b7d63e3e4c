"""The reference of mistakes: a page for each code, with a spec or a command that makes it and what is said then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docs.site.docstring import escaped, prose
from docs.site.page import Page, block, joined, table
from nnspec.explain import mistakes

_TESTS = Path(__file__).parents[2] / "tests"


def pages() -> Iterator[Page]:
    """The contents, and the pages."""
    found = mistakes()
    rows = [(f"[{code}]({code}.md)", escaped(page.first_line)) for code, page in found.items()]
    about = "`nnspec explain CODE` prints such a page. A code that begins with W is a warning."
    yield Page("mistakes/index.md", joined(["# Mistakes", about, table(["code", ""], rows)]))
    shown = dict(_examples())
    for code, page in found.items():
        example = shown.get(code, ("", ""))
        said = ["nnspec says:", block(example[1])] if example[1] else []
        yield Page(f"mistakes/{code}.md", joined([f"# {code}", prose(page.text), example[0], *said]))


def _examples() -> Iterator[tuple[str, tuple[str, str]]]:
    """For each code a text that makes the mistake, and what is said of it, as the tests hold it."""
    for path in sorted((_TESTS / "mistakes").glob("*.nn"), key=lambda path: -path.stat().st_size):
        golden = path.with_suffix(".txt")
        if path.is_file() and golden.is_file():
            text = block(path.read_text(encoding="utf-8", errors="replace"), "nn")
            for said in _parts(golden.read_text(encoding="utf-8", errors="replace")):
                yield said[0], (text, said[1])
    for path in sorted((_TESTS / "transcripts").glob("*.txt"), key=lambda path: -path.stat().st_size):
        text = path.read_text(encoding="utf-8", errors="replace")
        asked = [line for line in text.splitlines() if line.startswith("$ ")]
        for said in _parts(text):
            yield said[0], (block("\n".join(asked), "console") if asked else "", said[1])


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for each in re.finditer(r"(?m)^(?:error|warning)\[(\w+)\].*\n(?:[ \d].*\n|\n(?=[ \d]))*", text):
        yield each[1], each[0].rstrip()
