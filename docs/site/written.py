"""The pages that people wrote, as they stand; their links lead to where the others are on the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nnspec
from docs.site.page import Page, block, joined
from nnspec.reference import heading
from nnspec.reference import pages as page_files

ROOT = Path(__file__).parents[2]
FOLDERS = ("guide", "reference", "how_to", "course")
# Where a link to a file of the repository leads on the site.
_MOVED = {
    "README.md": "index.md",
    "examples/README.md": "examples/index.md",
    "specs/README.md": "zoo/index.md",
    "CONTRIBUTING.md": "built.md",
    "CHANGELOG.md": "changes.md",
    "LICENSE": "license.md",
}


def pages() -> Iterator[Page]:
    """The pages in docs/, and those of the repository that are for readers, too."""
    yield from _home()
    for path in sorted((ROOT / "docs").glob("*.md")):
        if path.name != "README.md":
            yield _page(path, path.name)
    for folder in FOLDERS:
        for path in sorted((ROOT / "docs" / folder).rglob("*.md")):
            yield _page(path, _place(path.relative_to(ROOT / "docs").as_posix()))
    yield _words()
    yield _page(ROOT / "CONTRIBUTING.md", "built.md", "How it is built")
    yield _page(ROOT / "CHANGELOG.md", "changes.md")
    yield Page("license.md", joined(["# License", block((ROOT / "LICENSE").read_text(encoding="utf-8"))]))
    yield _page(ROOT / "examples" / "README.md", "examples/index.md")
    for path in sorted((ROOT / "examples").glob("*.nn")):
        text = path.read_text(encoding="utf-8")
        yield Page(f"examples/{path.stem}.md", joined([f"# {path.stem}", block(text, "nn")]))


def _home() -> Iterator[Page]:
    """The first page, with the picture of its network below the text of it."""
    page = _page(ROOT / "docs" / "README.md", "index.md")
    before, example, after = re.split(r"(?s)(?<=```nn\n)(.*?\n)(?=```\n)", page.text, maxsplit=1)
    picture = "```\n\n![The network of this text, drawn](index.svg)"
    yield Page(page.path, before + example + picture + after.removeprefix("```"))
    yield Page("index.svg", nnspec.loads(example).draw(depth=1).svg())


def _words() -> Page:
    """The contents of the reference of the language."""
    found = {path: ", ".join(f"`{word}`" for word in heading(path)) for path in dict.fromkeys(page_files().values())}
    base = ROOT / "docs" / "reference"
    words, keys = (
        [
            f"* [{words}]({path.relative_to(base).as_posix()})"
            for path, words in found.items()
            if (path.parent.name == "keys") is keys
        ]
        for keys in (False, True)
    )
    about = "`nnspec explain WORD` prints such a page."
    return Page(
        "reference/index.md",
        joined(["# The language", about, "\n".join(words), "## Keys of a recipe", "\n".join(keys)]),
    )


def _place(path: str) -> str:
    return re.sub(r"README\.md$", "index.md", path)


def _page(source: Path, place: str, title: str | None = None) -> Page:
    text = source.read_text(encoding="utf-8")
    if title is not None:
        text = re.sub(r"\A# .*", f"# {title}", text)

    def link(match: re.Match[str]) -> str:
        target, _, anchor = match[1].partition("#")
        if not target or ":" in target:
            return match[0]
        file = (source.parent / target).resolve()
        moved = _moved((file / "README.md" if file.is_dir() else file).relative_to(ROOT).as_posix())
        if moved is None:  # a file that is no page: named, not linked
            return "]"
        return f"]({_relative(place, moved)}{'#' if anchor else ''}{anchor})"

    return Page(place, re.sub(r"\]\(([^)]+)\)", link, text))


def _moved(path: str) -> str | None:
    if path in _MOVED:
        return _MOVED[path]
    if path.startswith("docs/"):
        return _place(path.removeprefix("docs/"))
    known = re.fullmatch(r"(examples|specs)/(\w+)\.nn", path)
    return None if known is None else f"{'zoo' if known[1] == 'specs' else 'examples'}/{known[2]}.md"


def _relative(place: str, target: str) -> str:
    return "../" * place.count("/") + target
