"""Expressions inside others: a name in a text is replaced, in parentheses where it would come apart without."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from typing import cast

_ATOMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.Tuple, ast.List)
_SUM, _TERM, _POWER = 1, 2, 3
_STRENGTH: dict[type[ast.operator], int] = {
    ast.Add: _SUM,
    ast.Sub: _SUM,
    ast.Mult: _TERM,
    ast.Div: _TERM,
    ast.FloorDiv: _TERM,
    ast.Mod: _TERM,
    ast.MatMult: _TERM,
    ast.Pow: _POWER,
}


def compose(text: str, inner: Mapping[str, str]) -> str:
    """The expression with others in the places of names."""
    places: list[tuple[int, int, str]] = []
    tree = ast.parse(text, mode="eval")
    for parent in ast.walk(tree):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Name) and child.id in inner:
                other = inner[child.id]
                shown = other if _stands_bare(parent, child, other) else f"({other})"
                places.append((child.col_offset, cast(int, child.end_col_offset), shown))
    encoded = text.encode()
    for start, end, shown in sorted(places, reverse=True):
        encoded = encoded[:start] + shown.encode() + encoded[end:]
    return encoded.decode()


def once(text: str) -> set[str]:
    """The names that stand in an expression once, and where they are computed once."""
    tree = ast.parse(text, mode="eval")
    found = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    repeated = [node for node in ast.walk(tree) if isinstance(node, (ast.comprehension, ast.GeneratorExp, ast.Lambda))]
    inside = {node.id for each in repeated for node in ast.walk(each) if isinstance(node, ast.Name)}
    return {name for name, count in found.items() if count == 1 and name not in inside}


def _stands_bare(parent: ast.AST, child: ast.Name, text: str) -> bool:
    """Whether an expression needs no parentheses in the place of a name."""
    if isinstance(parent, (ast.Expression, ast.Tuple, ast.List, ast.keyword)):
        return True
    if isinstance(parent, ast.Call) and child in parent.args:
        return True
    if isinstance(parent, ast.Subscript) and parent.slice is child:
        return True
    inner = ast.parse(text, mode="eval").body
    if isinstance(inner, _ATOMS) and not (isinstance(inner, ast.Constant) and isinstance(parent, ast.Attribute)):
        return True
    if not isinstance(inner, ast.BinOp) or not isinstance(parent, ast.BinOp):
        return False
    own, outer = (_STRENGTH.get(type(each.op), 0) for each in (inner, parent))
    if not own or not outer or outer == _POWER:
        return False
    return own > outer or (own == outer and parent.left is child)
