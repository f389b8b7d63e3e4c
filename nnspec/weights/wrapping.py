"""Beginnings of keys that a file has and the model has not, or the other way round: by training, by heads.

Where no key of a file is the model's as it is, most would be with another beginning, and no second beginning would
do as well, the keys are read with that one. Keys beside them (a loss with weights, another head) stay what they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from itertools import islice

from nnspec.record import Record
from nnspec.weights.checkpoint import Checkpoint
from nnspec.weights.renames import PASSED_OVER, Rule, own_key

_FRAMEWORKS = "training frameworks such as Lightning, and models of transformers with a head, write"
_HEADS = "models of transformers with a head write"
# What writes a beginning, by its first part.
WRITERS = {
    "module": "torch.nn.DataParallel or DistributedDataParallel writes",
    "_orig_mod": "torch.compile writes",
    "model": _FRAMEWORKS,
    "net": "training frameworks such as Lightning write",
    "network": "training frameworks such as Lightning write",
    **dict.fromkeys(
        ("albert", "bert", "deberta", "distilbert", "electra", "gpt_neox", "roberta", "transformer", "vit"), _HEADS
    ),
}
INNER = (
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
)  # parts that no model has, wherever they are
COUNTERS = frozenset({"n_averaged"})  # of torch.optim.swa_utils.AveragedModel
LOOKED_AT = 50  # keys of the model that a beginning is looked for with


class Beginning(Record):
    """A beginning of the keys of a file, and that of the model's keys in its place; either may be empty."""

    taken: str
    added: str

    def of_model(self, key: str) -> str | None:
        """The key in the model; None for one of the file that does not begin so."""
        return self.added + key.removeprefix(self.taken) if key.startswith(self.taken) else None

    def within(self, other: Beginning) -> bool:
        """Whether it is another one and what follows both in the file and in the model."""
        further = self.taken.removeprefix(other.taken)
        return self.taken.startswith(other.taken) and self.added == other.added + further


class Wrapping(Record):
    """A checkpoint with the keys that its beginnings hide."""

    beginning: Beginning
    checkpoint: Checkpoint
    keys: dict[str, str]  # in the file, by the key in `checkpoint`
    inner: str = ""  # a part that no model has, which keys have anywhere

    @property
    def note(self) -> str:
        """The note on it, in words."""
        taken, added = self.beginning.taken, self.beginning.added
        if self.inner and (taken or added):
            further = Wrapping(Beginning(self.inner, ""), self.checkpoint, self.keys).note
            return f"{self.replace(inner='').note}; {further}"
        if self.inner:
            taken = self.inner
        writer = WRITERS.get((taken or added).partition(".")[0])
        if not added:
            return f"its keys are read without `{taken}`" + (f", which {writer} before them" if writer else "")
        if not taken:
            return f"its keys are read with `{added}` before them" + (f", which {writer}" if writer else "")
        return f"its keys are read with `{added}` in the place of `{taken}`"


def unwrapped(checkpoint: Checkpoint, own: Iterable[str], patterns: tuple[Rule, ...]) -> Wrapping | None:
    """The checkpoint with its keys as the model has them; None where they are, or no beginning is the only one.

    Args:
        checkpoint: of the file.
        own: the keys of the model.
        patterns: its rules for keys that are written otherwise.
    """
    names = dict.fromkeys(own)
    keys = [key for key in checkpoint.tensors if key not in COUNTERS]
    found = beginnings(keys, names, patterns)
    plain = {_plain(key): key for key in keys}
    if len(found) != 1 or len(plain) < len(keys):
        return None
    renamed = {_renamed(key, found[0], names, patterns): file_key for key, file_key in plain.items()}
    if len(renamed) < len(keys):
        return None
    tensors = {key: checkpoint.tensors[file_key] for key, file_key in renamed.items()}
    inner = next((f"{part}." for part in INNER if any(part in key for key in keys)), "")
    return Wrapping(found[0], checkpoint.replace(tensors=tensors), renamed, inner)


def beginnings(keys: Iterable[str], own: Iterable[str], patterns: tuple[Rule, ...]) -> list[Beginning]:
    """The beginnings with which most keys of a model are in a file; none where one is there as it is."""
    names, listed = dict.fromkeys(own), list(keys)
    if not listed or any(_is_own(key, names, patterns) for key in listed):
        return []
    wanted = dict.fromkeys(islice(names, LOOKED_AT))
    whole: dict[str, list[str]] = defaultdict(list)  # the wanted keys by what they may be called
    for mine in wanted:
        for tail in _tails(mine):
            whole[tail].append(mine)
    found: Counter[Beginning] = Counter()
    for key in map(_plain, listed):
        for tail in _tails(key):
            taken = key.removesuffix(tail)
            found.update(Beginning(taken, mine.removesuffix(tail)) for mine in whole.get(tail, ()))
            if patterns and tail not in wanted and own_key(tail, patterns, names) in wanted:
                found[Beginning(taken, "")] += 1
    likely = [each for each, count in found.most_common() if 2 * count > len(wanted)]
    return [each for each in likely if not any(each != other and each.within(other) for other in likely)]


def rename_lines(checkpoint: Checkpoint, own: Iterable[str], patterns: tuple[Rule, ...]) -> str | None:
    """The lines by which a model reads a file whose keys begin in several ways, of which any may be meant."""
    found = beginnings(checkpoint.tensors, own, patterns)
    if len(found) < 2:
        return None
    lines = [f'rename "{each.taken}*" -> "{each.added}*"' for each in found]
    return f"its keys begin in several ways: write the one that is meant into the model, {' or '.join(lines[:4])}"


def _renamed(key: str, beginning: Beginning, own: Container[str], patterns: tuple[Rule, ...]) -> str:
    """The key in the model, or, where it has none of that name, what is left of the one in the file."""
    found = beginning.of_model(key)
    if found is None or own_key(found, patterns, own) is not None:
        return found or key
    return key.removeprefix(beginning.taken)


def _tails(key: str) -> Iterator[str]:
    """A key, and what is left of it without its first parts."""
    yield key
    while "." in key:
        key = key.partition(".")[2]
        yield key


def _plain(key: str) -> str:
    """A key without the parts that no model has."""
    return ".".join(part for part in key.split(".") if part not in INNER)


def _is_own(key: str, own: Container[str], patterns: tuple[Rule, ...]) -> bool:
    found = own_key(key, patterns, own)
    return found is not None and found != PASSED_OVER
