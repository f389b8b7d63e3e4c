"""Numbers as expressions over parameters: `4 * width`. Their texts are read, never run, and written anew.

A program that comes from a file may hold any text: what is none of these expressions is no expression.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from nnspec.dims import Expression, Floor, Size, symbol

Number = int | float | tuple[Any, ...]

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_OF_SIZES = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{each.__name__: each for each in (abs, int, max, min, round)},
    "sqrt": math.sqrt,  # as a spec has it, and Python
    "math.sqrt": math.sqrt,
}
_LARGEST = 2**63


@cache
def read(text: str) -> ast.expr | None:
    """The expression of a text; None where it is none."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return tree if _is_formula(tree) else None


def _is_formula(node: ast.expr) -> bool:
    match node:
        case ast.Name():
            return True
        case ast.Constant(value=value):
            return type(value) in (int, float)
        case ast.BinOp(left=left, op=op, right=right):
            return type(op) in _OPERATORS and _is_formula(left) and _is_formula(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_formula(operand)
        case ast.List(elts=items):
            return all(map(_is_formula, items))
        case ast.Call(func=function, args=arguments, keywords=[]):
            return ast.unparse(function) in _FUNCTIONS and all(map(_is_formula, arguments))
    return False


def items(text: str) -> list[str]:
    """The texts of the numbers in a list; of a number, its own."""
    tree = read(text)
    return [ast.unparse(item) for item in tree.elts] if isinstance(tree, ast.List) else [text]


def names(text: str) -> list[str]:
    """The names in a text, in order."""
    tree = read(text)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree is not None else []
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
    functions = {id(inner) for node in called for inner in ast.walk(node.func)}
    found = sorted((node for node in found if id(node) not in functions), key=lambda node: node.col_offset)
    return list(dict.fromkeys(node.id for node in found))


def value(text: str, given: Mapping[str, Number]) -> Number | None:
    """The number that a text is, with these numbers for its names; None where it is none."""
    tree = read(text)
    try:
        return None if tree is None else _value(tree, given)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _value(node: ast.expr, given: Mapping[str, Number]) -> Any:
    match node:
        case ast.Name(id=name):
            return given[name]
        case ast.Constant(value=number):
            return number
        case ast.UnaryOp(operand=operand):
            return -_value(operand, given)
        case ast.List(elts=parts):
            return tuple([_value(part, given) for part in parts])
        case ast.Call(func=function, args=arguments):
            return _FUNCTIONS[ast.unparse(function)](*[_value(argument, given) for argument in arguments])
        case ast.BinOp(left=first, op=op, right=second):
            left, right = _value(first, given), _value(second, given)
            if isinstance(op, ast.Pow) and (abs(right) > 64 or abs(left) > _LARGEST):
                raise ArithmeticError
            return _OPERATORS[type(op)](left, right)
    raise TypeError


def written(text: str, known: Mapping[str, str]) -> str:
    """The text with others in place of its names, as short as it becomes: `4 * width` for `2 * 2 * width`."""
    tree = read(text)
    assert tree is not None, "it has been read before"
    replaced = _Replaced({name: inner for name, other in known.items() if (inner := read(other)) is not None})
    plain = ast.unparse(replaced.visit(_copy(tree)))
    sizes = _size(plain)
    shorter = "" if sizes is None else _shown(sizes)
    return shorter if shorter and len(shorter) < len(plain) else plain


def _copy(tree: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(tree), mode="eval").body


class _Replaced(ast.NodeTransformer):
    """Names replaced by expressions, functions by those of Python, and numbers among numbers by what they make."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = ast.unparse(node.func)
        arguments = [self.visit(argument) for argument in node.args]
        return ast.Call(ast.Name("math.sqrt" if name == "sqrt" else name), arguments, [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        node = ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))
        if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
            found = _value(node, {})
            if isinstance(found, (int, float)) and found >= 0:
                return ast.Constant(found)
        if isinstance(node.op, ast.Mult) and isinstance(node.right, ast.Constant):
            return ast.BinOp(node.right, node.op, node.left)  # `4 * width`, as anybody writes it
        return node


# --- sizes, whose form is the shortest


def _size(text: str) -> Size | None:
    """The text as a size of names that are symbols; None where it is more than sums and products of whole numbers."""
    tree = ast.parse(text, mode="eval").body
    try:
        return _as_size(tree)
    except (ArithmeticError, TypeError):
        return None


def _as_size(node: ast.expr) -> Size:
    match node:
        case ast.Name(id=name):
            return symbol(name)
        case ast.Constant(value=int() as number):
            return number
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OF_SIZES):
            found: Size = _OPERATORS[type(op)](_as_size(left), _as_size(right))
            return found
    raise TypeError


def _shown(size: Size) -> str:
    """The size as Python has it; "" where it is no plain one."""
    if not isinstance(size, Expression):
        return str(size)
    if any(isinstance(atom, Floor) for atom, _ in size.terms):
        return ""
    return ast.unparse(ast.parse(str(size), mode="eval"))
