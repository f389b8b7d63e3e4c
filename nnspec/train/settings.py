"""The settings that a run was started with, besides its spec: `run.json` in its folder. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.kinds import RUN
from nnspec.train.mistakes import BadRun, NoWeightsYet

BEST, LAST = "best.safetensors", "last.safetensors"
WEIGHTS = (BEST, LAST)  # the first that is there is what is used of a run
CURVES = "curves.png"
TRAINING = "training_"  # which the columns of metrics of the training part begin with
SAMPLE = "sample.json"  # beside it: the program of what the recipe calls its sample


class Settings(BaseModel):
    """The settings that a run was started with, and what followed from them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int = 2
    model: str = ""
    recipe: dict[str, Any] = {}  # in place of what the spec says
    plugins: list[str] = []  # that were loaded
    launch: str = ""  # by torchrun, whose restarts go on with the run
    given: list[str] = []  # keys of the recipe that were objects of Python
    base: str = "."  # the folder that paths to data start from
    resolved: dict[str, Any] = {}  # the whole recipe
    samples: int = 0  # of the data
    data: str = ""  # its SHA-256
    measure: str | None = None  # the column of the metrics that the best weights are chosen by
    rises: bool = False  # whether more of it is better
    versions: dict[str, str] = {}  # of nnspec, Python and PyTorch, as it was begun


def read_settings(folder: Path) -> Settings:
    """The settings that a run was started with.

    Raises:
        SpecError: the folder holds no run.
    """
    try:
        return Settings.model_validate_json((folder / RUN).read_bytes())
    except (OSError, ValidationError):
        advice = "name the folder of a run, such as runs/lenet5-1, or one with a config.json"
        raise SpecError.of(BadRun(None, str(folder), f"there is no readable {RUN} in it", advice)) from None


def best_weights(folder: Path) -> Path:
    """The best weights in the folder of a run, or else the last ones.

    Raises:
        SpecError: there are none yet.
    """
    found = weights_so_far(folder)
    if found is None:
        raise SpecError.of(NoWeightsYet(None, str(folder)))
    return found


def weights_so_far(folder: Path) -> Path | None:
    """As `best_weights`; None where there are none yet."""
    return next((path for name in WEIGHTS if (path := folder / name).is_file()), None)


def subject(key: str) -> str:
    """The subject of a key of a recipe: of a phase, `critic.optimizer`, as of the block."""
    return key.rpartition(".")[2]
