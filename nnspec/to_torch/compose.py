"""Expressions inside others: a name in a text is replaced, in parentheses where it would come apart without."""

from __future__ import annotations

import ast
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


def compose(text: str, inner: dict[str, str]) -> str | None:
    """The expression with others in place of names, each of which stands in it once; None where one does not."""
    places: dict[str, tuple[int, int, bool]] = {}
    tree = ast.parse(text, mode="eval")
    for parent in ast.walk(tree):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Name) and child.id in inner:
                if child.id in places or isinstance(parent, (ast.comprehension, ast.GeneratorExp, ast.Lambda)):
                    return None
                bare = _stands_bare(parent, child, inner[child.id])
                places[child.id] = child.col_offset, cast(int, child.end_col_offset), bare
    if len(places) < len(inner):
        return None
    encoded = text.encode()
    for name, (start, end, bare) in sorted(places.items(), key=lambda item: -item[1][0]):
        shown = inner[name] if bare else f"({inner[name]})"
        encoded = encoded[:start] + shown.encode() + encoded[end:]
    return encoded.decode()


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
