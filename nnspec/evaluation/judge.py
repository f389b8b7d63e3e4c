"""The judging of a part: the loss and the metrics of its run, figures of all comparisons, and the worst samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import torch
from torch import Tensor

from nnspec.evaluation.comparisons import Comparison
from nnspec.evaluation.figures import Figures, Value, plain
from nnspec.evaluation.tallies import Compared, Said
from nnspec.record import Record
from nnspec.train.batch import Values
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.known import Known
from nnspec.train.data.samples import Indices
from nnspec.train.network import Network
from nnspec.train.task import Computation


class Subject(Record):
    """What is judged, and on which samples."""

    network: Network  # whose validation part is judged
    loss: Computation | None  # of samples that may be alone in their batch
    compared: tuple[tuple[Comparison, Computation], ...]
    known: Known
    data: DataSet
    chosen: Indices  # the samples of the data that the part is
    model: str
    weights: str
    part: str
    skipped: Set[str] = frozenset()  # the places of damaged samples that were come upon so far


class Bad(Record):
    """A sample with a great loss."""

    index: int  # in the data
    name: str
    loss: float
    said: tuple[Said, ...]  # of each comparison of classes: what it is, what it is taken for, how probable that is

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        said = [{"field": each.field, "is": each.right, "taken for": each.found, "probability": each.share}
                for each in self.said]  # fmt: skip
        return {"sample": self.name, "loss": plain(self.loss), "classes": said}


class Evaluation(Record):
    """The figures of a model on data."""

    model: str
    weights: str  # the file
    data: str
    part: str
    samples: int
    figures: dict[str, Value]  # the loss and the metrics of the recipe, as those of its run
    comparisons: tuple[Figures, ...]  # by what the recipe compares with the data
    worst: tuple[Bad, ...]
    notes: tuple[str, ...]
    source: DataSet  # the data itself

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.figures.items() if value is not None)
        return f"<Evaluation of {self.model} on {self.data}, {self.part}: {self.samples:,} samples, {figures}>"

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "model": self.model,
            "weights": self.weights,
            "data": self.data,
            "part": self.part,
            "samples": self.samples,
            "figures": {name: plain(value) for name, value in self.figures.items()},
            "comparisons": [each.to_json() for each in self.comparisons],
            "worst": [each.to_json() for each in self.worst],
            "notes": list(self.notes),
        }


def judge(subject: Subject, top: int, worst: int) -> Evaluation:
    """Judge a model.

    Args:
        subject: the model and the samples.
        top: the right class counts if it is among so many of the likeliest.
        worst: how many samples with the greatest loss are told.

    Raises:
        SpecError: the model refuses the samples.
    """
    network, known = subject.network, subject.known
    compared = [Compared(each, function, known.names(each.field), top) for each, function in subject.compared]
    watched = _Watched(compared, subject.loss, worst)
    figures = network.judge(network.task.validation, watched)
    data, chosen = subject.data, subject.chosen
    bad = tuple(
        Bad(int(chosen[place]), data.samples.place(int(chosen[place])), loss, said)
        for loss, place, said in watched.worst
    )
    found = [each.figures() for each in compared]
    return Evaluation(
        subject.model,
        subject.weights,
        data.name,
        subject.part,
        len(chosen),
        dict(figures),
        tuple(each for each in found if each is not None),
        bad,
        (*data.notes, *_skipped(subject.skipped)),
        data,
    )


def _skipped(places: Set[str]) -> Iterator[str]:
    """The note on samples in whose place others are judged."""
    if places:
        shown = ", ".join(sorted(places)[:3]) + (", ..." if len(places) > 3 else "")
        yield f"samples that are skipped, being damaged, for others of their part: {shown} ({len(places):,})"


class _Watched:
    """The batches of a part as they pass: what is compared in them, and the losses of single samples."""

    def __init__(self, compared: Sequence[Compared], loss: Computation | None, count: int) -> None:
        self.compared = compared
        self.loss = loss if count else None
        self.count = count
        self.start = 0
        self.worst: list[tuple[float, int, tuple[Said, ...]]] = []

    def __call__(self, values: Values) -> None:
        size = len(next(iter(values.values())))
        said = [each.add(values) for each in self.compared]
        if self.loss is not None:
            for place, loss in enumerate(losses_of(self.loss, values, size)):
                own = tuple(each[place] for each in said if each)
                self.worst.append((loss, self.start + place, own))
            self.worst.sort(key=_greatest)
            del self.worst[self.count :]
        self.start += size


def losses_of(loss: Computation, values: Values, size: int) -> list[float]:
    """The loss of each of `size` samples, as if it were alone; infinite where it is no number."""
    given = [values[name].detach() for name in loss.inputs]
    apart = [0 if tensor.ndim and len(tensor) == size else None for tensor in given]

    def alone(*rows: Tensor) -> Tensor:
        batches = [row if place is None else row.unsqueeze(0) for row, place in zip(rows, apart, strict=True)]
        found: Tensor = loss.module(*batches)
        return found

    try:
        found = torch.func.vmap(alone, tuple(apart), randomness="different")(*given)
    except (RuntimeError, ValueError, NotImplementedError):  # an operator that vmap does not take
        rows = [[tensor if at is None else tensor[place] for tensor, at in zip(given, apart, strict=True)]
                for place in range(size)]  # fmt: skip
        found = torch.stack([alone(*row) for row in rows])
    return torch.where(torch.isfinite(found), found, torch.inf).tolist()


def _greatest(each: tuple[float, int, tuple[Said, ...]]) -> tuple[float, int]:
    return -each[0], each[1]
