"""The site: its pages are made of the repository, every link leads somewhere, and Zensical has nothing to say."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs.site import commands, library, mistakes, recipes, written
from docs.site.build import PARTS, all_pages, playground_page, write_html, write_site
from docs.site.page import Page, block
from nnspec.cli.main import COMMANDS
from nnspec.explain import mistakes as codes


def dead(pages: list[Page], elsewhere: tuple[str, ...] = ()) -> list[str]:
    """The links that lead nowhere, those into folders `elsewhere` left out."""
    known = {page.path for page in pages}
    found = []
    for page in pages:
        text = re.sub(r"(?ms)^ *(`{3,})\w*\n.*?^ *\1$", "", page.text)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            path = (Path("/") / page.path).parent / target
            place = "/".join(_resolved(path))
            if "://" not in target and place not in known and not place.startswith(elsewhere):
                found.append(f"{page.path}: {target}")
    return found


def _resolved(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts[1:]:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return parts


def test_links_lead_somewhere_and_every_command_code_and_name_has_its_page() -> None:
    pages = [page for module in (written, commands, mistakes, recipes, library) for page in module.pages()]
    assert not dead(pages, ("zoo/", "layers/"))
    paths = {page.path for page in pages}
    assert {f"commands/{name}.md" for name in COMMANDS} <= paths
    assert {f"mistakes/{code}.md" for code in codes()} <= paths
    assert all(page.text.startswith("# ") for page in pages if page.path.endswith(".md"))


def test_a_fence_is_longer_than_those_in_it() -> None:
    assert block("a\n```\nb") == "````text\na\n```\nb\n````"


@pytest.mark.slow
def test_all_of_it_is_built_without_a_warning(tmp_path: Path) -> None:
    pages = all_pages()
    assert not dead(pages)
    pages.append(playground_page())
    write_site(tmp_path, pages)
    tops = {page.path.partition("/")[0] for page in pages}
    assert all(place in tops for _, place in PARTS if place != "course")
    if find_spec("zensical") is None:
        pytest.skip("Zensical is not installed: the pages are made, their HTML is not")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "index.html").write_text("<h1>Playground</h1>")
    write_html(tmp_path, tmp_path / "made")
    html = (tmp_path / "html" / "playground.html").read_text(encoding="utf-8")
    assert 'href="playground/index.html"' in html and (tmp_path / "html" / "playground" / "index.html").is_file()
    for page in pages:
        assert (tmp_path / "html" / page.path.replace(".md", ".html")).is_file(), page.path
    start = (tmp_path / "html" / "start.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|href)="(https?://[^"]+)"', start)
    assert not [each for each in asked if re.search(r"\.(?:js|css|woff2?)\b", each)]  # no request leaves the machine
