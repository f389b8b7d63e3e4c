"""Mistakes in training: the data, the device, a run folder, the numbers themselves."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic


class BadData(Diagnostic):
    """The data cannot be read: a file is missing or damaged, or what it holds is no data set.

    `nnspec explain images` says what a folder of pictures must hold; so it is for the other kinds of data: arrays,
    pairs, table, text, parallel, idx, cifar, hugging_face. Nothing in a file is ever run.
    """

    code = "E0611"
    name: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.name}: {self.reason}"


class NotGivenAgain(Diagnostic):
    """A run was trained on data that was given in Python, which its folder does not hold: it needs it again."""

    code = "E0693"
    folder: str
    key: str
    function: str = "resume"

    @property
    def message(self) -> str:
        return f"{self.folder}: its `{self.key}` was given in Python, and is not in the folder"

    @property
    def help(self) -> str | None:
        return f'give it again: nnspec.{self.function}("{self.folder}", {self.key}=...)'


class NotFinite(Diagnostic):
    """The loss became infinite or no number at all. The learning rate is often too large, or a logarithm or a
    division meets zero.
    """

    code = "E0614"
    value: str
    step: int
    epoch: int
    folder: str
    where: str | None = None  # which layer gave the first such number
    operation: str | None = None  # whose gradient has it, where that is so

    @property
    def message(self) -> str:
        return f"the loss is {self.value} at step {self.step}, in epoch {self.epoch}"

    @property
    def notes(self) -> tuple[str, ...]:
        kept = f"the weights of the last whole epoch, if there was one, are in {self.folder}"
        return (self.where, kept) if self.where else (kept,)

    @property
    def help(self) -> str | None:
        if self.operation in ("sqrt", "norm", "log", "div", "pow", "std"):
            return f"keep what {self.operation} is given away from 0: add a small number, as in sqrt(x + 1e-8)"
        return "lower the learning rate, add a warm-up or clip the gradients: clip = 1.0"


class BadRun(Diagnostic):
    """A run folder cannot be made, or cannot be gone on with: it holds no run, or its files were changed."""

    code = "E0615"
    folder: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.folder}: {self.reason}"


class BadDevice(Diagnostic):
    """The device that was asked for is not here."""

    code = "E0617"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot train on {self.name}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "leave --device out to take what there is, or write --device cpu"


class NotTrained(Diagnostic):
    """Training stopped with an error of PyTorch, such as too little memory or numbers out of range."""

    code = "E0618"
    reason: str

    @property
    def message(self) -> str:
        return f"PyTorch stopped: {self.reason}"

    @property
    def help(self) -> str | None:
        if "memory" in self.reason:
            return "make the batch smaller: --set batch=16"
        if "more than 1 value per channel" in self.reason:
            return "one sample has no statistics: make the batch larger, or normalise by LayerNorm or GroupNorm"
        if "compile" in self.reason.lower():
            return "leave compile out, or see that the compiler works"
        if "index out of range" in self.reason:
            return "the data has tokens that a table of the model has no row for: give the model a larger vocabulary"
        return "look at what the loss compares: the ranges of both, and whether it depends on the weights"


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


class NotOfParts(Diagnostic):
    """A batch is taken apart, by `accumulate` or for processes, and the model computes one value of all its samples.

    Of a part it would be another value. What is computed in the loss, from rows for each sample, is that of the whole.
    """

    code = "E0642"
    output: str

    @property
    def message(self) -> str:
        return f"batches are taken apart, and `{self.output}` is what the model computes from all samples of a batch"

    @property
    def help(self) -> str | None:
        return (
            f"let the model give what `{self.output}` is made of, with a row for each sample, and reduce it in the loss"
        )


class MixedParts(Diagnostic):
    """A batch is taken apart, by `accumulate` or for processes, and the model mixes its samples: each sees the others.

    Of a part every row would be another one.
    """

    code = "E0643"
    reason: str

    @property
    def message(self) -> str:
        return f"batches are taken apart, and the model mixes their samples: {self.reason}"

    @property
    def help(self) -> str | None:
        return "leave accumulate = 1 and one process, or let the model treat each sample by itself"


class MixedBatches(Diagnostic):
    """The model mixes the samples of a batch in evaluation, too: what it gives for one depends on those beside it.

    So its losses and scores are those of batches of `batch` samples, and others for other batches. A figure of all
    samples together, as of models that treat each sample by itself, does not exist.
    """

    code = "W0648"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    reason: str

    @property
    def message(self) -> str:
        return f"the model mixes the samples of a batch: {self.reason}"

    @property
    def help(self) -> str | None:
        return "losses and scores are those of batches of `batch` samples, in validation too"


class NoWeightsYet(Diagnostic):
    """The folder of a run holds no weights: its first epoch is not done, or they were removed."""

    code = "E1008"
    folder: str

    @property
    def message(self) -> str:
        return f"{self.folder}: there are no weights in it yet"

    @property
    def help(self) -> str | None:
        return f"train it for an epoch: nnspec train --resume {self.folder}"
