"""The names that the author of the code gave to values: targets of assignments, and what `forward` returns."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from typing import Any

from nnspec.importing.network import Operation, Scope


class AuthorNames:
    """Looks into the source of what was traced; a file is read once."""

    def __init__(self) -> None:
        self.files: dict[str, dict[int, tuple[str, ...]]] = {}

    def give(self, scope: Scope) -> None:
        """Name the last operation of each line by the variables that the line assigns."""
        for place, item in enumerate(scope.items):
            if isinstance(item, Scope):
                self.give(item)
            elif item.origin is not None and not item.names:
                following = scope.items[place + 1] if place + 1 < len(scope.items) else None
                if isinstance(following, Operation) and following.origin == item.origin:
                    continue
                scope.items[place] = item.replace(names=self.assigned(item.origin.file, item.origin.line))

    def assigned(self, file: str, line: int) -> tuple[str, ...]:
        """The variables that the statement at a line assigns; none where it assigns no plain names."""
        if file not in self.files:
            self.files[file] = _assignments("".join(linecache.getlines(file)))
        return self.files[file].get(line, ())

    def returned(self, kind: type) -> tuple[str, ...]:
        """The variables that the last `return` of a module's `forward` names."""
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(kind.forward)))  # type: ignore[attr-defined]
        except (OSError, SyntaxError, TypeError):
            return ()
        found = [each.value for each in ast.walk(tree) if isinstance(each, ast.Return) and each.value is not None]
        if not found:
            return ()
        elements = found[-1].elts if isinstance(found[-1], ast.Tuple) else [found[-1]]
        names = tuple(each.id if isinstance(each, ast.Name) else "" for each in elements)
        return names if all(names) else ()


def _assignments(text: str) -> dict[int, tuple[str, ...]]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    found: dict[int, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        targets: list[Any] = []
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            targets = [node.targets[0]]
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        if targets and isinstance(targets[0], ast.Tuple):
            targets = targets[0].elts
        if targets and all(isinstance(each, ast.Name) for each in targets):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):  # type: ignore[attr-defined]
                found[line] = tuple(each.id for each in targets)
    return found
