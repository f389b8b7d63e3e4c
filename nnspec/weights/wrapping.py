"""Prefixes that training puts before the keys of a file: `module.` of DataParallel, `_orig_mod.` of torch.compile.

Where all keys of a file begin alike, none is the model's as it is, and most are without the beginning, the beginning is
taken away. Where other keys stand beside them (a loss with weights, a head), lines to write into the model are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator

from nnspec.record import Record
from nnspec.weights.checkpoint import Checkpoint
from nnspec.weights.renames import PASSED_OVER, Rule, own_key

# What writes a prefix, by its first part.
WRITERS = {
    "module": "torch.nn.DataParallel or DistributedDataParallel writes",
    "_orig_mod": "torch.compile writes",
    "model": "training frameworks such as Lightning write",
    "net": "training frameworks such as Lightning write",
    "network": "training frameworks such as Lightning write",
    "transformer": "models of transformers with a head have",
}
INNER = (
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
)  # parts that no model has, wherever they are
COUNTERS = frozenset({"n_averaged"})  # of torch.optim.swa_utils.AveragedModel
LOOKED_AT = 50  # keys of the model that a prefix is looked for with


class Wrapping(Record):
    """A checkpoint without the prefix of its keys."""

    prefix: str
    checkpoint: Checkpoint
    keys: dict[str, str]  # in the file, by the key without the prefix

    @property
    def note(self) -> str:
        """The note on it, in words."""
        writer = WRITERS.get(self.prefix.partition(".")[0])
        return f"its keys are read without `{self.prefix}`" + (f", which {writer} before them" if writer else "")


def unwrapped(
    checkpoint: Checkpoint, own: Container[str], patterns: tuple[Rule, ...], sample: Iterable[str]
) -> Wrapping | None:
    """The checkpoint without a prefix that all of its keys have; None where there is none, or it is the model's own.

    Args:
        checkpoint: of the file.
        own: the keys of the model.
        patterns: its rules for keys that are written otherwise.
        sample: some of its keys.
    """
    keys = [key for key in checkpoint.tensors if key not in COUNTERS]
    if not keys or any(_is_own(key, own, patterns) for key in keys):
        return None
    bare = {_plain(key): key for key in keys}
    prefix = _prefix(bare, sample, own, patterns)
    if prefix is None or len(bare) < len(keys) or not all(key.startswith(prefix) for key in bare):
        return None
    short = {key.removeprefix(prefix): file_key for key, file_key in bare.items()}
    tensors = {key: checkpoint.tensors[file_key] for key, file_key in short.items()}
    removed = prefix or next(f"{part}." for part in INNER if any(part in key for key in keys))
    return Wrapping(removed, Checkpoint(checkpoint.path, tensors, checkpoint.metadata), short)


def rename_lines(
    checkpoint: Checkpoint, own: Container[str], patterns: tuple[Rule, ...], sample: Iterable[str]
) -> str | None:
    """The lines by which a model reads a file that has other keys beside those with a prefix, if that is so."""
    if any(_is_own(key, own, patterns) for key in checkpoint.tensors):
        return None
    some = list(sample)
    prefix = _prefix(checkpoint.tensors, some, own, patterns)
    if prefix:
        others = (key.partition(".") for key in checkpoint.tensors if not key.startswith(prefix))
        beside = dict.fromkeys(f"{first}.*" if dot else first for first, dot, _ in others)
        lines = [f'rename "{prefix}*" -> "*"', *(f'rename "{other}" -> ""' for other in beside)]
        return f"if its keys are to be read without `{prefix}`, write into the model: {'; '.join(lines[:6])}"
    added = Counter(
        mine.removesuffix(key) for mine in some for key in _tails(mine) if key != mine and key in checkpoint.tensors
    ).most_common(1)
    return (
        f'the file leaves out `{added[0][0]}`: write into the model: rename "*" -> "{added[0][0]}*"' if added else None
    )


def _prefix(keys: Iterable[str], sample: Iterable[str], own: Container[str], patterns: tuple[Rule, ...]) -> str | None:
    """The prefix of most of the model's keys in a file: "" for none, None where the keys are not there."""
    wanted = set(list(sample)[:LOOKED_AT])
    found: Counter[str] = Counter()
    for key in keys:
        for tail in _tails(key):
            if tail in wanted or (patterns and own_key(tail, patterns, own) in wanted):
                found[key.removesuffix(tail)] += 1
    likely = found.most_common(1)
    return likely[0][0] if likely and 2 * likely[0][1] > len(wanted) else None


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
