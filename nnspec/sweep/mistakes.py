"""Mistakes in a search for settings."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class BadRange(Diagnostic):
    """What `--over` says is no range to search: NAME=1e-4..1e-1:log, NAME=16..256:16, or values NAME=64,128,256.

    A range of whole numbers gives whole numbers; behind the colon stands `log` or the distance between two values.
    """

    code = "E0474"
    text: str
    reason: str
    advice: str = "write NAME=1e-4..1e-1:log, NAME=16..256:16, or values: NAME=64,128,256"

    @property
    def message(self) -> str:
        return f"--over {self.text}: {self.reason}"

    @property
    def help(self) -> str | None:
        return self.advice


class OtherSweep(Diagnostic):
    """A search cannot go on as another one than it began: over other ranges, or of another model.

    The same command again goes on with a search, and so does it in a further process; it may be for more trials, and by
    another sampler or pruner.
    """

    code = "E0475"
    folder: str
    what: str

    @property
    def message(self) -> str:
        return f"{self.folder} has a search that began with {self.what}"

    @property
    def help(self) -> str | None:
        return "repeat the command that it began with, or choose another --name"


class NoGoal(Diagnostic):
    """Nothing tells which trial is better: the first metric has no known direction, or there are several losses.

    Trials are compared by what chooses the best weights of each.
    """

    code = "E0476"
    model: str

    @property
    def message(self) -> str:
        return f"nothing tells which trial of {self.model} is better"

    @property
    def help(self) -> str | None:
        return 'write metrics = [...] into the recipe, and better = "higher" or "lower" where it does not follow'


class UnknownMethod(Diagnostic):
    """There is no such sampler or pruner of Optuna, or it takes other arguments.

    `--sampler "TPESampler(n_startup_trials = 5)"`, `--pruner MedianPruner`: by the names and arguments that Optuna
    gives them.
    """

    code = "E0477"
    text: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.text}: {self.reason}"


class NoTrial(Diagnostic):
    """All trials of a search failed, so that there is no best one. What each failed by is told as it fails."""

    code = "E0478"
    folder: str
    reason: str

    @property
    def message(self) -> str:
        return f"all trials of {self.folder} failed, the last one because {self.reason}"

    @property
    def help(self) -> str | None:
        return "see that the ranges hold what the model and its data can be trained with"
