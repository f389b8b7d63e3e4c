"""Keys that published files spell differently from the model: the `rename` lines of its spec.

The one thing to know: a key of the model itself is never renamed. Any other goes through the lines in order, each of
which may change it, until it is one of the model's.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from nnspec.ir import Module, Program

Rule = tuple[str, str]  # published pattern, own pattern; "" for a key that is passed over

PASSED_OVER = ""


def rules(program: Program) -> tuple[Rule, ...]:
    """The lines of the model in order, and then those of the models inside it, for what lies below their labels."""
    return tuple(_rules(program, program.main, "", _renaming(program)))


def _rules(program: Program, module: Module, prefix: str, renaming: set[str]) -> Iterator[Rule]:
    for published, own in module.renames:
        yield prefix + published, prefix + own if own else PASSED_OVER
    for call in module.calls:
        if isinstance(call.callee, str) and not call.shared and call.callee in renaming:
            for label in call.labels:
                yield from _rules(program, program.modules[call.callee], f"{prefix}{label}.", renaming)


def _renaming(program: Program) -> set[str]:
    """The keys of the modules that have such lines, or call one that has."""
    found: set[str] = set()
    for key in program.order:
        module = program.modules[key]
        if module.renames or any(call.callee in found for call in module.calls if isinstance(call.callee, str)):
            found.add(key)
    return found


def own_key(key: str, found: tuple[Rule, ...], own: Container[str]) -> str | None:
    """The model's key for one of a file: "" for one to pass over, None for one that the model does not have."""
    for published, replacement in found:
        if key in own:
            break
        parts = captured(published, key)
        if parts is not None:
            if replacement == PASSED_OVER:
                return PASSED_OVER
            key = "".join(fixed + part for fixed, part in zip(replacement.split("*"), [*parts, ""], strict=True))
    return key if key in own else None


def captured(pattern: str, key: str) -> list[str] | None:
    """The texts that the `*` of a pattern stand for in a key, each as short as possible; None if it does not match."""
    first, *rest = pattern.split("*")
    if not rest:
        return [] if key == pattern else None
    *middle, last = rest
    start, end = len(first), len(key) - len(last)
    if start > end or not key.startswith(first) or not key.endswith(last):
        return None
    parts = []
    for fixed in middle:
        place = key.find(fixed, start, end)
        if place < 0:
            return None
        parts.append(key[start:place])
        start = place + len(fixed)
    return [*parts, key[start:end]]
