"""The files that a run writes while it goes on: its state, its weights and its metrics, all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnspec.evaluation.stored import judged_metadata
from nnspec.manifest import replacing_together, waiting_path
from nnspec.train.comparison import METRICS
from nnspec.train.folder import RAW, write_metrics, write_weights
from nnspec.train.loop import Loop
from nnspec.train.prepare import Built, Prepared
from nnspec.train.settings import BEST, LAST
from nnspec.train.split import Statistics
from nnspec.train.state import state_file, write_state
from nnspec.train.strategy import Strategy
from nnspec.weights.preparation import MEAN, PICTURES, STD, TARGETS


def save_state(folder: Path, loop: Loop) -> None:
    """The state alone, in the middle of an epoch.

    Raises:
        SpecError: it cannot be written; the one before is whole.
    """
    with _together(folder, loop.task.strategy) as path_for:
        _write_state(path_for, loop)


def save_epoch(folder: Path, loop: Loop, prepared: Prepared, best: bool) -> None:
    """The state after an epoch with the weights and the metrics that belong to it.

    Raises:
        SpecError: a file cannot be written; those of the state before are whole.
    """
    with _together(folder, loop.task.strategy) as path_for:
        _write_state(path_for, loop)
        if loop.average is not None:
            _write_raw(path_for, prepared)
        with loop.stored():
            _write_weights(path_for, prepared, best)
        if loop.task.strategy.leads:
            write_metrics(path_for(METRICS), loop.position.history)


@contextmanager
def _together(folder: Path, strategy: Strategy) -> Iterator[Callable[[str], Path]]:
    """As `replacing_together`, for all processes: what each has written takes its place when all have.

    The folder must be one that they share.
    """
    strategy.wait()  # until nothing else is written to the folder
    if strategy.leads:
        with replacing_together(folder) as path_for:
            yield path_for
            strategy.wait()
            for rank in range(1, strategy.processes):
                path_for(state_file(rank))
    else:
        yield lambda name: waiting_path(folder, name)
        strategy.wait()
    strategy.wait()


def _write_state(path_for: Callable[[str], Path], loop: Loop) -> None:
    write_state(path_for(state_file(loop.task.strategy.rank)), loop.position, loop.tensors(), loop.shards())


def _write_weights(path_for: Callable[[str], Path], prepared: Prepared, best: bool) -> None:
    """The last weights, which may be the best ones, and those of each network of their own."""
    strategy, metadata = prepared.task.strategy, _metadata(prepared)
    weights = strategy.whole(prepared.task.model.state_dict())
    if not strategy.leads:
        return
    for name in (LAST, BEST) if best else (LAST,):
        write_weights(path_for(name), weights, metadata)
    for label, built in prepared.parts.items():
        own = {key.removeprefix(f"{label}."): x for key, x in weights.items() if key.startswith(f"{label}.")}
        described = {**metadata, **_numbers(_of_part(built, prepared)), "nnspec.model": built.model}
        write_weights(path_for(f"{label}.safetensors"), own, described)


def _write_raw(path_for: Callable[[str], Path], prepared: Prepared) -> None:
    """The weights that are trained, beside the averages that are stored in their place."""
    weights = prepared.task.strategy.whole(prepared.task.model.state_dict())
    if prepared.task.strategy.leads:
        write_weights(path_for(RAW), weights, _metadata(prepared))


def _metadata(prepared: Prepared) -> dict[str, Any]:
    """The metadata that the weights need to be used."""
    known = prepared.statistics
    first = next(iter(known.values()), None)  # of one input alone, which is the first of floats, there is no name
    return {
        "nnspec.model": prepared.name,
        **prepared.known.metadata(),
        **judged_metadata(prepared.plan, prepared.objective, {name for name, _ in prepared.task.outputs}),
        **(_numbers(known) if len(known) > 1 else {MEAN: first.mean, STD: first.std} if first else {}),
        PICTURES: prepared.pictures or None,
        TARGETS: prepared.targets or None,
    }


def _of_part(built: Built, prepared: Prepared) -> dict[str, Statistics]:
    return {name: prepared.statistics[field] for name, field in built.normalized.items()}


def _numbers(known: Mapping[str, Statistics]) -> dict[str, Any]:
    """The statistics of inputs, by name."""
    means, stds = ({name: getattr(each, key) for name, each in known.items()} for key in ("mean", "std"))
    return {MEAN: means or None, STD: stds or None}
