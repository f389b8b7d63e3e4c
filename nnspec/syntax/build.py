"""Make the parse tables from the grammar: `python -m nnspec.syntax.build` (a test holds them to it).

Building the tables takes longer than everything else that `nnspec summary` does, so they ship as plain Python data
with the digest of the grammar and the version of Lark that they were made from.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from nnspec.resources import grammar_text

OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "contextual",
    "start": ["start", "interpolation"],
    "propagate_positions": True,
    "maybe_placeholders": True,
}


def digest() -> str:
    """The SHA-256 of the grammar."""
    return sha256(grammar_text().encode()).hexdigest()


def text() -> str:
    """The source of the module that holds the tables."""
    data, memo = lark.Lark(grammar_text(), **OPTIONS).memo_serialize([TerminalDef, Rule])
    lines = [
        '"""Parse tables of grammar/nnspec.lark, made by `python -m nnspec.syntax.build`. Do not edit."""',
        "",
        "from typing import Any",
        "",
        f"GRAMMAR = {digest()!r}",
        f"LARK = {lark.__version__!r}",
        f"DATA: dict[str, Any] = {data!r}",
        f"MEMO: dict[int, Any] = {memo!r}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(__file__).with_name("tables.py")
    target.write_text(text(), encoding="utf-8")
    print(f"wrote {target}")
