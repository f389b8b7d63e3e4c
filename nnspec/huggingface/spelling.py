"""Values as the language writes them: numbers, lists, texts and calls of layers and blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias


class Written(str):
    """A piece of the language: the call of a layer, or a name of ours. Nothing of a file is ever one."""

    __slots__ = ()


Argument: TypeAlias = "int | float | bool | str | Iterable[Argument] | Written | None"


def spelled(value: Argument) -> str:
    """A value as a spec has it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return value if isinstance(value, Written) else f'"{value}"'
    return repr(value) if isinstance(value, (int, float)) else f"[{', '.join(map(spelled, value))}]"


def call(name: str, *given: Argument, **named: Argument) -> Written:
    """A layer or block with its arguments: `Linear(10, bias = false)`."""
    arguments = [*map(spelled, given), *(f"{key} = {spelled(value)}" for key, value in named.items())]
    return Written(f"{name}({', '.join(arguments)})" if arguments else name)
