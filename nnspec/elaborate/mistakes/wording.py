"""Wordings that several mistakes have."""

from __future__ import annotations

CHOOSE = "of several results, one is chosen by its number or its name: parts[0], lstm.state"


def listed(words: tuple[str, ...]) -> str:
    """`a, b and c`."""
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def first_line(text: str) -> str:
    """A line of a spec as help shows it."""
    line, _, more = text.partition("\n")
    return f"{line.rstrip()} ..." if more else line
