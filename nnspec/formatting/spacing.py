"""The space between two pieces of a line: one, or none."""

from __future__ import annotations

from nnspec.formatting.lexemes import Lexeme

_KEYWORDS = frozenset(
    "along and as carry concat add each multiply else false for from if import in input model none not or order output "
    "require rename residual scan skip train true".split()
)
_CALLED = frozenset({"concat", "add", "multiply"})  # keywords with arguments
_VALUES = frozenset({"true", "false", "none"})  # that can stand before a binary sign
_TIGHT = frozenset({".", "..", "[", "("})  # nothing stands behind them
_CLOSING = frozenset({")", "]", ",", ";", "?", ".", ".."})  # nothing stands before them, but see `_opens`
_SIGNS = frozenset({"+", "-"})


def is_operand(piece: Lexeme | None, before: Lexeme | None) -> bool:
    """Whether a piece ends an operand, so that a sign behind it has two, and a bracket behind it is a call."""
    if piece is None:
        return False
    if piece.kind == "word":
        is_path = before is not None and before.text == "."
        return piece.text not in _KEYWORDS or piece.text in _VALUES or is_path
    return piece.kind in ("number", "string") or piece.text in (")", "]")


def space(before: Lexeme | None, left: Lexeme, right: Lexeme, bracket: str, unary: bool) -> str:
    """The space between two pieces of one line.

    Args:
        before: the piece before `left`.
        left: the first piece.
        right: the second one.
        bracket: the innermost open bracket, or ""; a brace only if it was opened in this line.
        unary: whether `left` is a sign with one operand.
    """
    if right.text == ";":
        return " " if bracket == "{" else ""
    if left.text in _TIGHT or right.text in _CLOSING:
        return ""
    if ":" in (left.text, right.text) and bracket == "[":  # a slice: with spaces where its author has them
        return " " if left.text == "," or (right.spaces and left.text != "[") else ""
    if right.text == ":":
        return ""
    if unary:
        return ""
    if right.text in ("(", "["):
        if not is_operand(left, before) and left.text not in _CALLED:
            return " "
        # a name behind an operand is the sign of a repetition: `2 x (a, b)`
        repeats = left.text == "x" and is_operand(before, None)
        return " " if repeats else ""
    if "." in (left.text, right.text):
        return ""
    if left.kind in ("word", "number") and right.kind in ("word", "number") and not right.spaces:
        return ""  # a part of a path, `3x3`
    return " "
