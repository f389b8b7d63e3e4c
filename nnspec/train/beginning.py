"""Start or resume: whether there is a run that a command goes on with, and whether it is the same one."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from nnspec.diagnostics import Source, SpecError
from nnspec.ir import Program
from nnspec.kinds import RUN, SPEC, is_run
from nnspec.output import CannotWrite
from nnspec.train.folder import check_name
from nnspec.train.launch import Launch
from nnspec.train.mistakes import BadRun
from nnspec.train.settings import read_settings
from nnspec.train.stored import PROGRAM


def begun_run(runs: Path, name: str | None, launch: Launch, fresh: bool) -> str:
    """The folder of the run to go on with: that of this name, or that of this launch before its restart; "" for none.

    Args:
        runs: the folder of runs.
        name: of the run.
        launch: by torchrun.
        fresh: set a run of this name aside; a restart goes on with the one that was begun then.

    Raises:
        SpecError: the run cannot be set aside.
    """
    if name is not None:
        check_name(name)
        folder = runs / name
        if not is_run(folder):
            return ""
        if fresh and not launch.restarts:
            _set_aside(folder)
            return ""
        return str(folder)
    if launch.restarts:
        for path in sorted(runs.glob(f"*/{RUN}")):
            if read_settings(path.parent).launch == launch.key:
                return str(path.parent)
    return ""


def _set_aside(folder: Path) -> None:
    """Give a run another name: the first free number behind its own."""
    aside = next(each for number in count(1) if not (each := folder.with_name(f"{folder.name}-{number}")).exists())
    try:
        folder.rename(aside)
    except OSError as error:
        raise SpecError.of(CannotWrite(None, str(aside), (error.strerror or str(error)).lower())) from None


def check_same(folder: Path, program: Program, source: Source) -> None:
    """Check that a run is one of this model in this text.

    Raises:
        SpecError: it is not.
    """
    try:
        texts = [(folder / name).read_text(encoding="utf-8") for name in (SPEC, PROGRAM)]
    except (OSError, UnicodeDecodeError):
        texts = []
    if texts and texts != [source.text, program.to_json() + "\n"]:
        what = "of another text" if texts[0] != source.text else "of a model with other settings"
        advice = "choose another --name, or insist on a new run: --fresh"
        raise SpecError.of(BadRun(None, str(folder), f"there is a run {what} in it", advice))
