"""`nested`: operations with the paths of their modules, as calls of modules inside one another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from nnspec.importing.network import Operation, Scope, Stored

Placed = tuple[Operation, tuple[str, ...], tuple[str, ...]]  # with the path of its module, and the classes on the way


def nested(placed: Sequence[Placed], name: str) -> Scope:
    """The scope of the network itself.

    A module whose operations do not follow one another, or whose tensors are made elsewhere, is none: what is in it
    belongs to the one around it.
    """
    root = Scope("", name)
    single = _singles(placed)
    leaves: set[str | None] = {operation.path for operation, _, _ in placed if operation.path is not None}
    stack = [root]
    for operation, module, kinds in placed:
        words = list(module)
        if operation.path is None and single.get(".".join(module)) == 1:
            operation = operation.replace(path=".".join(module))
        while words and ".".join(words) in leaves | {operation.path}:
            words.pop()
        _open(stack, words, kinds)
        _put(stack, operation)
    _dissolve(root, _counts(root), leaves)
    _name(root, leaves)
    return root


def _singles(placed: Sequence[Placed]) -> dict[str, int]:
    """The number of operations in and below each module."""
    found: dict[str, int] = {}
    for _, module, _ in placed:
        for place in range(1, len(module) + 1):
            path = ".".join(module[:place])
            found[path] = found.get(path, 0) + 1
    return found


def _open(stack: list[Scope], words: Sequence[str], kinds: Sequence[str]) -> None:
    """Close and open scopes so that the innermost is this module."""
    wanted = [".".join(words[: place + 1]) for place in range(len(words))]
    common = 1
    while common < len(stack) and common <= len(wanted) and stack[common].path == wanted[common - 1]:
        common += 1
    del stack[common:]
    for place in range(common - 1, len(wanted)):
        kind = kinds[place] if place < len(kinds) else ""
        scope = Scope(wanted[place], kind)
        stack[-1].items.append(scope)
        stack.append(scope)


def _put(stack: list[Scope], operation: Operation) -> None:
    """Add an operation; a tensor of the model's own at the head of the innermost scope that it may belong to."""
    if not isinstance(operation.layer, Stored):
        stack[-1].items.append(operation)
        return
    path = operation.path or ""
    home = [each for each in stack if not each.path or path.startswith(f"{each.path}.")][-1]
    heads = sum(isinstance(each, Operation) and isinstance(each.layer, Stored) for each in home.items)
    home.items.insert(heads, operation)


def _counts(scope: Scope) -> Counter[str]:
    """The number of pieces of each module: its calls, and the tensors of its own that stand outside."""
    found: Counter[str] = Counter()
    for item in scope.items:
        if isinstance(item, Scope):
            found[item.path] += 1
            found.update(_counts(item))
        elif isinstance(item.layer, Stored):
            words = (item.path or "").split(".")
            found.update(path for place in range(1, len(words)) if _is_outside(path := ".".join(words[:place]), scope))
    return found


def _is_outside(path: str, scope: Scope) -> bool:
    """Whether a scope is not within the module of this path."""
    return not f"{scope.path}.".startswith(f"{path}.")


def _dissolve(scope: Scope, counts: Mapping[str, int], weighted: set[str | None]) -> None:
    """Put the items of modules that are in several pieces, or are steps without a name, into the scopes around them."""
    made: list[Operation | Scope] = []
    for item in scope.items:
        if isinstance(item, Scope):
            _dissolve(item, counts, weighted)
            apart = counts[item.path] > 1 or (_is_number(item.path) and not _owns(item, weighted))
            made += item.items if apart else [item]
        else:
            made.append(item)
    scope.items[:] = made


def _owns(scope: Scope, weighted: set[str | None]) -> bool:
    """Whether there are weights in a scope."""
    return any(each.path in weighted for each in scope.operations())


def _is_number(path: str | None) -> bool:
    """Whether the last word of a path is a number."""
    return (path or "").rpartition(".")[2].isdecimal()


def _name(scope: Scope, weighted: set[str | None]) -> None:
    """Give modules without a class one of their name, and say which are containers: lists of numbered steps."""
    words = [(each.path or "").rpartition(".")[2] for each in scope.items]
    in_place = scope.plain and words == [str(place) for place in range(len(words))]
    for place, item in enumerate(scope.items):
        if isinstance(item, Operation) and not in_place and _is_counted(item, weighted):
            scope.items[place] = item.replace(path=None)
    for item in scope.items:
        if not isinstance(item, Scope):
            continue
        inside = [each.path or "" for each in item.items]
        numbered = all(re.fullmatch(r"\d+", each[len(item.path) + 1 :].partition(".")[0]) for each in inside)
        below = all(each.startswith(f"{item.path}.") for each in inside)
        item.plain = numbered and below
        _name(item, weighted)
        if not item.kind or item.kind in ("Sequential", "ModuleList"):
            words = [re.sub(r"[\d_]+$", "", word) for word in item.path.split(".")]
            word = next((each for each in reversed(words) if re.match("[A-Za-z]", each)), "Block")
            item.kind = (
                "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", word) if part) or "Block"
            )


def _is_counted(operation: Operation, weighted: set[str | None]) -> bool:
    """Whether all that the path of a layer without weights says is its place among the steps."""
    return operation.path not in weighted and _is_number(operation.path)
