"""The folder of a run: the spec that it follows, its settings, its metrics and its weights."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from torch import Tensor

from nnspec.diagnostics import Source, SpecError
from nnspec.kinds import SPEC
from nnspec.manifest import WAITING, replacing_together
from nnspec.output import UNFINISHED, CannotWrite, replacing
from nnspec.train.mistakes import BadRun
from nnspec.train.state import write_tensors

RAW = "raw.safetensors"  # the last weights without the average that `ema` asks for


def make_folder(runs: Path, name: str | None, model: str) -> Path:
    """A new folder: of this name, or of the model's with the first free number.

    Raises:
        SpecError: there is one already, or it cannot be made.
    """
    if name is not None:
        check_name(name)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        if name is not None:
            (runs / name).mkdir(exist_ok=_holds_nothing(runs / name))
            return runs / name
        for number in count(1):
            folder = runs / f"{model.lower()}-{number}"
            if not folder.exists():
                folder.mkdir()
                return folder
    except FileExistsError:
        shown = str(runs / (name or ""))
        advice = f"choose another --name, or go on with it: --resume {shown}"
        raise SpecError.of(BadRun(None, shown, "there is a run in it already", advice)) from None
    except OSError as error:
        raise SpecError.of(CannotWrite(None, str(runs), (error.strerror or str(error)).lower())) from None
    raise AssertionError("numbers do not end")


def check_name(name: str) -> None:
    """Check that a run may be called so.

    Raises:
        SpecError: it is no name for a folder.
    """
    if not re.fullmatch(r"\w[\w.-]{,199}", name):
        raise SpecError.of(
            BadRun(None, name, "this is no name for a folder", "use letters, digits, -, _ and ., at most 200")
        )


def _holds_nothing(folder: Path) -> bool:
    """Whether a folder is left of a run that was killed before it began."""
    return folder.is_dir() and all(path.name == WAITING or path.suffix == UNFINISHED for path in folder.iterdir())


def write_spec(folder: Path, main: Source, others: Mapping[str, Source], texts: Mapping[str, str]) -> None:
    """The spec with what it imports, and the files that follow from it: all that it takes to run again.

    Raises:
        SpecError: a file cannot be written, or has a name that a run needs itself; the new folder is gone again.
    """
    imported = {}
    for name, source in others.items():
        place = PurePosixPath(name)
        if name != main.name and not place.is_absolute() and ".." not in place.parts:
            imported[str(place)] = source.text
    own = {SPEC: main.text, **texts}
    try:
        for name in own.keys() & imported.keys():
            advice = "give the file that is imported another name"
            raise SpecError.of(
                BadRun(None, name, "the spec imports a file of this name, which a run has itself", advice)
            )
        write_texts(folder, {**imported, **own})
    except SpecError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Files by their names, together.

    Raises:
        SpecError: one cannot be written.
    """
    with replacing_together(folder) as path_for:
        for name, text in texts.items():
            path_for(name).write_text(text, encoding="utf-8")


def write(path: Path, text: str) -> None:
    """A text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_metrics(path: Path, history: list[dict[str, float | int | None]]) -> None:
    """One row an epoch, as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]) if history else ["epoch"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def write_weights(path: Path, weights: Mapping[str, Tensor], metadata: dict[str, Any]) -> None:
    """Weights as safetensors; the metadata is JSON, one string a key, as the format asks."""
    texts = {key: json.dumps(value) for key, value in metadata.items() if value is not None}
    write_tensors(path, weights, texts)
