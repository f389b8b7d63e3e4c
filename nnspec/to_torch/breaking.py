"""Lines of source that are too long, broken where a person would: inside the brackets that hold most.

What stands in them gets a line of its own where it fits, and one for each argument where it does not.
"""

from __future__ import annotations

import ast

WIDTH = 100
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def broken(line: str) -> list[str]:
    """The lines for one line of a statement, or of the arguments of a call."""
    lines = _broken(line)
    return lines if len(lines) == 1 or _tree("\n".join(lines)) == _tree(line) else [line]


def _broken(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    if line.lstrip().startswith("return ") and len(_parts(line)) > 1:
        line = line.replace("return ", "return (", 1) + ")"
    start, end = max(_brackets(line), key=lambda ends: ends[1] - ends[0], default=(0, 0))
    if end - start < 2:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    inside, pad = line[start + 1 : end], f"{indent}    "
    if len(pad + inside) <= WIDTH:
        middle = [pad + inside]
    else:
        parts = _parts(inside)
        comma = "," if len(parts) > 1 else ""
        middle = [piece for part in parts for piece in _broken(f"{pad}{part}{comma}")]
    return [line[: start + 1], *middle, f"{indent}{line[end:]}"]


def _brackets(line: str) -> list[tuple[int, int]]:
    """Where the brackets that stand in no others open and close."""
    found, open_at = [], list[int]()
    for place, letter in _code(line):
        if letter in _PAIRS:
            open_at.append(place)
        elif letter in _PAIRS.values() and open_at:
            start = open_at.pop()
            if not open_at:
                found.append((start, place))
    return found


def _parts(text: str) -> list[str]:
    """The arguments that the commas outside of brackets separate."""
    depth, cuts = 0, [-1]
    for place, letter in _code(text):
        depth += (letter in _PAIRS) - (letter in _PAIRS.values())
        if letter == "," and not depth:
            cuts.append(place)
    ends = [*cuts[1:], len(text)]
    parts = [text[start + 1 : end].strip() for start, end in zip(cuts, ends, strict=True)]
    return [part for part in parts if part]


def _code(text: str) -> list[tuple[int, str]]:
    """The letters outside of strings, with their places."""
    found, quote, escaped = list[tuple[int, str]](), "", False
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and not escaped else quote
            escaped = letter == "\\" and not escaped
        elif letter in "\"'":
            quote = letter
        else:
            found.append((place, letter))
    return found


def _tree(text: str) -> str:
    """The meaning of a statement or of arguments."""
    shown = text.strip()
    for whole in (f"{shown} pass" if shown.endswith(":") else shown, f"f({shown})"):
        try:
            return ast.dump(ast.parse(whole))
        except SyntaxError:
            continue
    return text
