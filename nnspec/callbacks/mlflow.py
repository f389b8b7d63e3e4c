"""A run for MLflow: its recipe, the values of each epoch, its pictures and its best weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from nnspec.callbacks.callback import Callback, Checkpoint, Progress, Row, register_callback
from nnspec.output import replacing

RUN = "mlflow.txt"  # in the folder of the run: what MLflow calls it
LONGEST = 500  # characters of a parameter, as servers of MLflow take them


@register_callback("mlflow")
class MLflow(Callback):
    """Logs into an experiment of MLflow, by its client: offline too, into a folder or a database."""

    packages: ClassVar[tuple[str, ...]] = ("mlflow",)

    def __init__(self, experiment: str = "nnspec", uri: str | None = None, weights: bool = False) -> None:
        """A run of an experiment.

        Args:
            experiment: its name; it is made if it is not there.
            uri: of the server, folder or database; what MLFLOW_TRACKING_URI says, or MLflow's own, if left out.
            weights: whether the best weights are stored with the run, too.
        """
        self.experiment = experiment
        self.uri = uri
        self.weights = weights

    def begin(self, run: Progress) -> None:
        """Open the run, or go on with that of a former start."""
        from mlflow import MlflowClient  # here: an extra, which takes seconds to import

        self.client: Any = MlflowClient(tracking_uri=self.uri)
        place = run.folder / RUN
        if place.is_file():
            self.id = place.read_text(encoding="utf-8").strip()
            self.client.update_run(self.id, status="RUNNING")
            return
        found = self.client.get_experiment_by_name(self.experiment)
        experiment = found.experiment_id if found else self.client.create_experiment(self.experiment)
        self.id = str(self.client.create_run(experiment, run_name=run.folder.name).info.run_id)
        with replacing(place) as temporary:
            temporary.write_text(f"{self.id}\n", encoding="utf-8")
        for name, value in flat({"model": run.name, **run.recipe}).items():
            self.client.log_param(self.id, name, str(value)[:LONGEST])

    def epoch(self, run: Progress, row: Row) -> None:
        """The values of an epoch."""
        for name, value in row.items():
            if value is not None and name != "epoch":
                self.client.log_metric(self.id, name, float(value), step=len(run.history))

    def checkpoint(self, run: Progress, checkpoint: Checkpoint) -> None:
        """The best weights, where they are asked for."""
        if self.weights and checkpoint.best:
            for path in checkpoint.files:
                if path.name.startswith("best."):
                    self.client.log_artifact(self.id, str(path))

    def pictures(self, run: Progress, pictures: Mapping[str, Path]) -> None:
        """The pictures."""
        for path in pictures.values():
            self.client.log_artifact(self.id, str(path))

    def end(self, run: Progress, error: BaseException | None) -> None:
        """Close the run."""
        self.client.set_terminated(self.id, "FAILED" if error else "FINISHED")


def flat(recipe: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """The values of a recipe by dotted names: `optimizer.Adam.lr`."""
    found: dict[str, object] = {}
    for name, value in recipe.items():
        inner = flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) and value else {f"{prefix}{name}": value}
        found |= inner
    return found
