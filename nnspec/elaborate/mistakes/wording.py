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


def ways_out(going_on: str | None, branching: str) -> str:
    """The lines that a binding without a value may have meant: a step of the flow, and a branch."""
    way = f"to branch off from what flows: {first_line(branching)}"
    return f"to go on from it: {first_line(going_on)}\n{way}" if going_on else way
