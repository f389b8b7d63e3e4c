"""A run for Weights & Biases: offline, unless it is asked to send what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from nnspec.callbacks.callback import Callback, Progress, Row, register_callback
from nnspec.output import replacing

RUN = "wandb.txt"  # in the folder of the run: what Weights & Biases calls it


@register_callback("wandb")
class WeightsAndBiases(Callback):
    """Writes into `wandb/` in the folder of the run; `wandb sync` sends it later."""

    packages: ClassVar[tuple[str, ...]] = ("wandb",)

    def __init__(self, project: str = "nnspec", online: bool = False) -> None:
        """A run of a project.

        Args:
            project: its name.
            online: whether everything is sent at once, instead of being kept in the folder.
        """
        self.project = project
        self.online = online

    def begin(self, run: Progress) -> None:
        """Open the run, or go on with that of a former start."""
        import wandb  # here: an extra, which takes seconds to import

        place = run.folder / RUN
        before = place.read_text(encoding="utf-8").strip() if place.is_file() else None
        self.wandb: Any = wandb
        self.run: Any = wandb.init(
            project=self.project,
            name=run.folder.name,
            dir=str(run.folder),
            id=before,
            resume="allow" if before else None,
            config={"model": run.name, **run.recipe},
            mode="online" if self.online else "offline",
        )
        with replacing(place) as temporary:
            temporary.write_text(f"{self.run.id}\n", encoding="utf-8")

    def epoch(self, run: Progress, row: Row) -> None:
        """The values of an epoch."""
        values = {name: value for name, value in row.items() if value is not None and name != "epoch"}
        self.run.log(values, step=len(run.history))

    def pictures(self, run: Progress, pictures: Mapping[str, Path]) -> None:
        """The pictures, but for the curves, which are drawn anew there."""
        made = {name: self.wandb.Image(str(path)) for name, path in pictures.items() if name != "curves"}
        if made:
            self.run.log(made, step=len(run.history))

    def end(self, run: Progress, error: BaseException | None) -> None:
        """Close the run."""
        self.run.finish(exit_code=1 if error else 0)
