"""The epochs of a run: each is trained, saved and shown, until the last one or until something stops it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from nnspec.diagnostics import SpecError
from nnspec.output import CannotWrite
from nnspec.run import Run
from nnspec.train.clock import Clock
from nnspec.train.curves import write_curves
from nnspec.train.diagnose import first_bad_layer, place_of
from nnspec.train.display import Display
from nnspec.train.loop import Loop, Row, Stopped
from nnspec.train.manner import Manner
from nnspec.train.mistakes import BadRun, NotFinite, NotSaved, NotTrained
from nnspec.train.outcome import write_outcome, write_samples
from nnspec.train.prepare import Prepared
from nnspec.train.save import save_epoch, save_state
from nnspec.train.settings import CURVES
from nnspec.train.signals import kept_signals
from nnspec.train.skipped import note_skipped
from nnspec.train.state import Position
from nnspec.train.strategy import Strategy
from nnspec.train.tested import judge_test
from nnspec.train.watching import Watching

SAVED_EVERY = 300.0  # seconds within an epoch
DRAWN_EVERY = 10.0  # seconds between pictures of a run that goes on


def run_epochs(prepared: Prepared, manner: Manner, folder: Path, state: Any, shown: Display) -> Run:
    """Train to the end, from the beginning or from a state.

    Args:
        prepared: what is trained.
        manner: how its user wants it.
        folder: of the run.
        state: the position and the tensors to go on from; None for none.
        shown: where it tells what it does.

    Raises:
        SpecError: the loss is not finite, or a file cannot be written.
    """
    strategy = prepared.task.strategy
    with kept_signals() as received:
        clock = Clock(SAVED_EVERY)
        loop = Loop(prepared.task, str(folder), lambda: strategy.any(bool(received or watching.stopped) or clock.due()))
        watching = Watching(manner.callbacks if strategy.leads else (), prepared, loop, folder)
        shown.say(f"{prepared.name} on {prepared.task.device}, in {folder}")
        for note in prepared.notes:
            shown.say(note)
        try:
            if state is None:
                save_state(folder, loop)  # from which the first epoch is repeated if its loss is not finite
            else:
                _restore(loop, state, folder)
                shown.say(f"resumed after {loop.position.epoch} epochs and {loop.position.step} steps")
            with watching:
                _epochs(loop, prepared, folder, shown, received, watching)
        except SpecError as error:
            explained = _explained(error, prepared, folder)
            if explained is error:
                raise
            raise explained from None
        except (
            RuntimeError,
            IndexError,
            ValueError,
        ) as error:  # torch's own: no memory left, values out of the range of a loss
            if strategy.lost(error):
                raise
            raise SpecError.of(NotTrained(None, str(error).splitlines()[0])) from error
        skipped = note_skipped(folder, prepared)
        if skipped is not None:
            shown.say(skipped)
        position = loop.position
        interrupted = received[0] if received and position.epoch < prepared.task.recipe.epochs else None
        return Run(
            folder, tuple(position.history), prepared.task.measure, position.best, position.best_epoch, interrupted
        )


def _restore(loop: Loop, state: tuple[Position, dict[str, Tensor]], folder: Path) -> None:
    """Go on from a state.

    Raises:
        SpecError: it has not the tensors that the run needs.
    """
    try:
        loop.restore(*state)
    except (KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
        if loop.task.strategy.lost(error):
            raise
        reason = "its state does not have the tensors of its model and optimizer: it is damaged, or of another version"
        raise SpecError.of(BadRun(None, str(folder), reason, "start the run again")) from None


def _explained(error: SpecError, prepared: Prepared, folder: Path) -> SpecError:
    """A loss that is not finite with the layer that it comes from, a full disk with the way on; others as they are."""
    found = error.diagnostics[0]
    if isinstance(found, CannotWrite):
        return SpecError.of(NotSaved(None, str(folder), found.reason))
    if not isinstance(found, NotFinite) or prepared.task.strategy.processes > 1:
        return error
    where, operation = first_bad_layer(prepared.task, folder)
    span = place_of(operation, prepared) if operation else None
    return SpecError.of(NotFinite(span, found.value, found.step, found.epoch, found.folder, where, operation))


def _epochs(
    loop: Loop, prepared: Prepared, folder: Path, shown: Display, received: list[int], watching: Watching
) -> None:
    """All epochs that are left, each saved when it is done; or until a signal is received, or a callback wants it."""
    epochs, position, strategy = prepared.task.recipe.epochs, loop.position, prepared.task.strategy
    clock = Clock(DRAWN_EVERY)
    while position.epoch < epochs and not _stale(position, prepared.task.recipe.early_stopping):
        try:
            row = loop.run_epoch(shown)
        except Stopped:
            save_state(folder, loop)
            watching.checkpoint(whole=False)
            if strategy.any(bool(received or watching.stopped)):
                if strategy.leads:
                    write_curves(folder / CURVES, position.history)
                return
            continue
        position.history.append(row)
        best = _is_best(row, prepared, position)
        save_epoch(folder, loop, prepared, best)
        shown.epoch(row, epochs)
        watching.epoch(row)
        watching.checkpoint(best, whole=True)
        if strategy.any(bool(watching.stopped)):
            break
        if strategy.any(clock.due()):
            _draw(folder, loop, prepared, watching, write_samples)
    _draw(folder, loop, prepared, watching, write_outcome)
    if watching.stopped:
        shown.say(f"stopped: {watching.stopped}")
    elif position.epoch < epochs:
        since = f"nothing better since epoch {position.best_epoch}" if position.best_epoch else "no epoch was good"
        shown.say(f"stopped early: {since}")
    tested = judge_test(folder, loop) if position.history else None
    if tested is not None:
        figures = "  ".join(f"{name} {value:.4f}" for name, value in tested.items() if value is not None)
        shown.say(f"test ({len(loop.task.test or ()):,} samples): {figures}")
    for name in prepared.task.metric_names:
        if position.history and not any(math.isfinite(row[name] or 0.0) for row in position.history):
            shown.say(
                f"`{name}` was never a number" + (": no epoch is the best" if name == prepared.task.measure else "")
            )


def _draw(
    folder: Path,
    loop: Loop,
    prepared: Prepared,
    watching: Watching,
    write_pictures: Callable[[Path, Loop, Prepared], None],
) -> None:
    """The curves of a run, and what its model makes."""
    with _own_folder(folder, prepared.task.strategy) as own:
        write_curves(own / CURVES, loop.position.history)
        write_pictures(own, loop, prepared)
    watching.pictures()


def _is_best(row: Row, prepared: Prepared, position: Position) -> bool:
    """Whether an epoch is the best so far, which is then noted."""
    measure = prepared.task.measure
    value = row[measure] if measure is not None else None
    if value is None or not _better(value, position.best, prepared.objective.better == "higher"):
        return False
    position.best, position.best_epoch = float(value), position.epoch
    return True


def _stale(position: Position, patience: int | None) -> bool:
    """Whether the best value is older than the recipe allows."""
    return patience is not None and position.epoch - position.best_epoch >= patience


def _better(value: float, best: float | None, rises: bool) -> bool:
    """Whether a value is better than the best one; what is no number, or infinite, is never."""
    if not math.isfinite(value):
        return False
    return best is None or (value > best if rises else value < best)


@contextmanager
def _own_folder(folder: Path, strategy: Strategy) -> Iterator[Path]:
    """The folder of the run for the first process; the others, whose shares of the weights it needs, write in vain."""
    if strategy.leads:
        yield folder
    else:
        with TemporaryDirectory() as place:
            yield Path(place)
