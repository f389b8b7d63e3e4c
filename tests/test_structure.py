"""The structure of the package: modules import each other in one direction, and say in their first line what they are."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "nnspec").rglob("*.py"))
}


def _imported(path: Path) -> set[str]:
    """The modules of the package that a file imports, inside functions and for types, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{each.name}" for each in node.names]
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found & MODULES.keys()


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: _imported(path) - {name} for name, path in MODULES.items()}
    # what the package offers is imported when it is asked for: nothing of the package asks it
    graph["nnspec"] = set()
    assert list(TopologicalSorter(graph).static_order())


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    for name, path in MODULES.items():
        text = ast.get_docstring(ast.parse(path.read_text()))
        assert text, name
        assert not text.startswith(("What ", "How ", "Which ")), name
