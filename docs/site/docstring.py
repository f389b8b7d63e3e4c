"""Docstrings as Markdown: paragraphs as text, the parts of Google's style as lists; and signatures that fit."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from docs.site.page import block, joined

WIDTH = 84  # characters of a line of code that a page has room for
_PART = re.compile(r"^(Args|Returns|Raises|Yields):$")


def prose(text: str) -> str:
    """A docstring as Markdown."""
    return joined(_paragraph(each) for each in re.split(r"\n\s*\n", inspect.cleandoc(text)))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    part = _PART.match(lines[0])
    if part is not None:
        return f"**{part[1]}**\n\n" + "\n".join(_items(lines[1:]))
    if any(line.startswith(("  ", ">>>", "$ ")) for line in lines):  # an example, a formula, a table
        return block(text)
    # A line of its own for what begins one: "Shapes: ...", "Source: ...".
    return re.sub(r"(?<=\.)[ \n](?=(?:Shapes?|Source|Raises?)\b)", "  \n", escaped(text))


def _items(lines: list[str]) -> list[str]:
    """The entries of a part: a name, a colon and what it is; lines that go on with an entry are indented further."""
    made: list[str] = []
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    for line in lines:
        if len(line) - len(line.lstrip()) > indent:
            made[-1] += " " + escaped(line.strip())
            continue
        name, colon, rest = line.strip().partition(": ")
        named = colon and re.fullmatch(r"[\w*. |\[\],]+", name)
        made.append(f"* `{name}`: {escaped(rest)}" if named else f"* {escaped(line.strip())}")
    return made


def escaped(text: str) -> str:
    """A text whose signs mean themselves in Markdown; what stands between backquotes stays as it is."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(each if each.startswith("`") else re.sub(r"([*_<\\\[\]])", r"\\\1", each) for each in pieces)


def call(text: str) -> str:
    """A call in one line, or each argument in one of its own where that is too long."""
    name, opened, rest = text.partition("(")
    inside, closed, after = rest.rpartition(")")
    if len(text) <= WIDTH or not opened or not closed:
        return text
    arguments = _divided(inside)
    return f"{name}(\n" + "".join(f"    {each},\n" for each in arguments) + f"){after}"


def _divided(text: str) -> list[str]:
    """Arguments, divided at the commas that stand between no brackets and in no text."""
    found, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0 and not quoted:
            found.append("")
        else:
            found[-1] += sign
    return [each.strip() for each in found]


def heading(name: str, function: Callable[..., Any]) -> str:
    """The signature of a function or method as a person would write it."""
    given = inspect.signature(function)
    parts, keywords = [], False
    for parameter in given.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords:
            parts.append("*")
        keywords |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        typed = "" if parameter.annotation is parameter.empty else f": {_type(parameter.annotation)}"
        default = "" if parameter.default is parameter.empty else f" = {_value(parameter.default)}"
        parts.append(f"{star}{parameter.name}{typed}{default}")
    result = "" if given.return_annotation is given.empty else f" -> {_type(given.return_annotation)}"
    return call(f"{name}({', '.join(parts)})") + result


def _type(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _value(default: Any) -> str:
    shown = repr(default)
    return shown if len(shown) < 40 else "..."
