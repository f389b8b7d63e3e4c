"""Where the values of a JSON file stand: from the keys on the way to a value to the characters of its last key."""

from __future__ import annotations

import json
import re

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def places(text: str) -> dict[tuple[str | int, ...], tuple[int, int]]:
    """The start and end of every key of an object, and of every item of a list, of a valid text."""
    found: dict[tuple[str | int, ...], tuple[int, int]] = {}
    path: list[str | int] = []  # the keys and indices of the objects and lists that are open
    lists: list[bool] = []
    expects_key = False
    for token in _TOKENS.finditer(text):
        sign = token[0]
        if sign in "{[":
            lists.append(sign == "[")
            path.append(0 if sign == "[" else "")
            expects_key = sign == "{"
        elif sign in "}]":
            lists.pop()
            path.pop()
        elif sign == ",":
            expects_key = not lists[-1]
            if lists[-1]:
                path[-1] = int(path[-1]) + 1
        elif expects_key:
            path[-1] = json.loads(sign)
            found[tuple(path)] = token.span()
            expects_key = False
        elif sign != ":" and lists and lists[-1]:
            found[tuple(path)] = token.span()
    return found
