"""The lines `rename "theirs.*" -> "ours.*"` by which a model reads a file that calls some of its parts otherwise.

They are told where no others would do: what the model lacks has the shapes and last names of what the file has more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

Shape = tuple[int, ...]
_RULES = 8  # lines that are told
_KEYS = 2000  # that are looked at


def renaming(lacking: Mapping[str, Shape], spare: Mapping[str, Shape]) -> list[str]:
    """The lines that read all that the model lacks; none where there are no such, or others might be meant.

    Args:
        lacking: keys of the model that the file does not have, and their shapes.
        spare: keys of the file that the model does not have.
    """
    if not lacking or len(lacking) > len(spare) or len(spare) > _KEYS:
        return []
    pairs = _pairs(lacking, spare)
    left, found = dict(lacking), list[tuple[str, str]]()
    while left and len(found) < _RULES:
        counts = Counter({rule: len(keys & left.keys()) for rule, keys in pairs.items()})
        (rule, most), *others = counts.most_common()[:50] or [(("", ""), 0)]
        rivals = [other for other, count in others if count == most and pairs[other] & pairs[rule]]
        if not most or rivals:
            return []
        found.append(rule)
        for key in pairs[rule]:
            left.pop(key, None)
    return [] if left else [f'rename "{theirs}" -> "{ours}"' for theirs, ours in found]


def _pairs(lacking: Mapping[str, Shape], spare: Mapping[str, Shape]) -> Mapping[tuple[str, str], set[str]]:
    """The keys of the model that each rule reads: of all pairs of one shape that end alike, as far as they do."""
    places: dict[tuple[str, Shape], list[str]] = defaultdict(list)
    for key, shape in spare.items():
        places[key.rpartition(".")[2], shape].append(key)
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for ours, shape in lacking.items():
        for theirs in places[ours.rpartition(".")[2], shape]:
            found[_rule(theirs, ours)].add(ours)
    return found


def _rule(theirs: str, ours: str) -> tuple[str, str]:
    """The two beginnings, without what both keys end in."""
    first, second = theirs.split("."), ours.split(".")
    while first and second and first[-1] == second[-1]:
        first.pop()
        second.pop()
    return ".".join([*first, "*"]), ".".join([*second, "*"])
