"""The site as a folder: Markdown pages, Zensical's configuration with the navigation, and HTML if that is asked for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from docs.site import commands, layers, library, mistakes, recipes, written, zoo
from docs.site.page import Page

GENERATED = (layers, recipes, commands, mistakes, library, zoo)
# The parts of the navigation, in order: a title, and the folder or page.
PARTS = (
    ("Home", "index.md"),
    ("Start", "start.md"),
    ("Playground", "playground.md"),
    ("Guide", "guide"),
    ("Course", "course"),
    ("How to", "how_to"),
    ("Questions", "questions.md"),
    ("Zoo", "zoo"),
    ("Examples", "examples"),
    ("Language", "reference"),
    ("Layers", "layers"),
    ("Recipes", "recipes"),
    ("Commands", "commands"),
    ("Mistakes", "mistakes"),
    ("Library", "library"),
    ("How it is built", "built.md"),
    ("Changes", "changes.md"),
)
_HEAD = """# Written by `python -m docs.site`.
[project]
site_name = "nnspec"
site_description = "Neural networks as short, checked texts that become summaries, PyTorch and ONNX"
docs_dir = "pages"
site_dir = "html"
use_directory_urls = false
copyright = "Apache-2.0"
nav = [
{nav}
]

[project.theme]
variant = "modern"
language = "en"
font = false  # no request leaves the reader's machine
features = ["navigation.tabs", "navigation.indexes", "navigation.prune", "content.code.copy", "search.highlight"]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle.icon = "lucide/sun"
toggle.name = "Dark"

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle.icon = "lucide/moon"
toggle.name = "Light"
"""


def all_pages() -> list[Page]:
    """All pages of the site and their pictures."""
    return [*written.pages(), *(page for module in GENERATED for page in module.pages())]


def write_site(target: Path, pages: Iterable[Page]) -> None:
    """Write pages and configuration into a folder, which is emptied of an earlier site."""
    shutil.rmtree(target / "pages", ignore_errors=True)
    made = list(pages)
    for page in made:
        path = target / "pages" / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.text, encoding="utf-8")
    (target / "zensical.toml").write_text(_HEAD.format(nav=_navigation(made)), encoding="utf-8")


def playground_page() -> Page:
    """The page that leads to the playground, which stands beside it."""
    text = """# Playground

The whole compiler in your browser: type a network and see its summary, its picture and its mistakes. Nothing leaves
your machine.

<a href="playground/index.html">Open the playground</a>
"""
    return Page("playground.md", text)


def write_html(target: Path, playground: Path | None = None) -> str:
    """Let Zensical make HTML of it; what Zensical prints.

    Args:
        target: the folder of the site.
        playground: the folder that `nnspec.playground.build` made, which becomes a part of the site.

    Raises:
        RuntimeError: it is not installed, or it warns.
    """
    if find_spec("zensical") is None:
        raise RuntimeError('HTML is made by Zensical: pip install "nnspec[site]"')
    done = subprocess.run(["zensical", "build", "--clean"], cwd=target, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode != 0 or "warning" in said.lower():
        raise RuntimeError(f"Zensical does not build the site:\n{said}")
    if playground is not None:
        shutil.copytree(playground, target / "html" / "playground")
    return said


def _navigation(pages: list[Page]) -> str:
    lines = []
    for title, place in PARTS:
        if place.endswith(".md"):
            if all(page.path != place for page in pages):
                continue  # the playground is built apart
            lines.append(f'  {{ "{title}" = "{place}" }},')
            continue
        inside = [page for page in pages if page.path.startswith(f"{place}/") and page.path.endswith(".md")]
        inside.sort(key=lambda page: (page.path.rpartition("/")[2] != "index.md", page.path.count("/"), page.path))
        if inside:
            listed = ", ".join(_entry(page) for page in inside)
            lines.append(f'  {{ "{title}" = [{listed}] }},')
    return "\n".join(lines)


def _entry(page: Page) -> str:
    if page.path.endswith("/index.md"):
        return f'"{page.path}"'
    title = page.title.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{ "{title}" = "{page.path}" }}'
