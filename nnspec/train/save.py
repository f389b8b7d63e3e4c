"""What a run writes while it goes on: its state, its weights and its metrics, all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnspec.diagnostics import Diagnostic
from nnspec.manifest import replacing_together
from nnspec.train.comparison import METRICS
from nnspec.train.folder import BEST, LAST, write_metrics, write_weights
from nnspec.train.loop import Loop
from nnspec.train.prepare import Prepared
from nnspec.train.state import STATE, write_state


class NotSaved(Diagnostic):
    """The state of a run cannot be written, most often because the disk is full. The state before it is whole."""

    code = "E0622"
    folder: str
    reason: str

    @property
    def message(self) -> str:
        return f"the run stops, because it cannot be saved: {self.reason}"

    @property
    def help(self) -> str | None:
        return f"make room, then go on with it from its last state: nnspec train --resume {self.folder}"


def save_state(folder: Path, loop: Loop) -> None:
    """The state alone, in the middle of an epoch.

    Raises:
        SpecError: it cannot be written; the one before is whole.
    """
    with replacing_together(folder) as path_for:
        write_state(path_for(STATE), loop.position, loop.tensors())


def save_epoch(folder: Path, loop: Loop, prepared: Prepared, best: bool) -> None:
    """The state after an epoch with the weights and the metrics that belong to it.

    Raises:
        SpecError: a file cannot be written; those of the state before are whole.
    """
    with replacing_together(folder) as path_for:
        write_state(path_for(STATE), loop.position, loop.tensors())
        write_metrics(path_for(METRICS), loop.position.history)
        with loop.stored():
            _write_weights(path_for, prepared, best)


def _write_weights(path_for: Callable[[str], Path], prepared: Prepared, best: bool) -> None:
    """The last weights, which may be the best ones, and those of each network of their own."""
    model, metadata = prepared.task.model, _metadata(prepared)
    for name in (LAST, BEST) if best else (LAST,):
        write_weights(path_for(name), model, metadata)
    for label, name in prepared.parts.items():
        write_weights(path_for(f"{label}.safetensors"), model.get_submodule(label), {**metadata, "nnspec.model": name})


def _metadata(prepared: Prepared) -> dict[str, Any]:
    """What the weights need to be used."""
    return {
        "nnspec.model": prepared.name,
        "nnspec.classes": list(prepared.classes) or None,
        "nnspec.vocabularies": prepared.vocabularies or None,
        "nnspec.tokenizer": prepared.tokenizer,
        "nnspec.columns": list(prepared.columns) or None,
        "nnspec.mean": prepared.mean,
        "nnspec.std": prepared.std,
    }
