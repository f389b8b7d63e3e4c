"""From a batch to the figures of a comparison: scores become probabilities, and places samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nnspec.evaluation.classes import ClassTally
from nnspec.evaluation.comparisons import Comparison
from nnspec.evaluation.figures import Figures
from nnspec.evaluation.labels import LabelTally
from nnspec.evaluation.numbers import NumberTally
from nnspec.record import Record
from nnspec.train.batch import Values
from nnspec.train.task import Computation


class Said(Record):
    """What a sample is, and what it is taken for."""

    field: str
    right: str
    found: str
    share: float | None  # the probability of what is found, where scores say that


class Compared:
    """A comparison at work."""

    def __init__(self, comparison: Comparison, function: Computation, names: Sequence[str], top: int) -> None:
        """A comparison of nothing yet.

        Args:
            comparison: what is compared.
            function: gives what was found, and what is right.
            names: of the classes, labels or columns.
            top: the right class counts if it is among so many of the likeliest.
        """
        self.comparison = comparison
        self.function = function
        self.names = names
        self.top = top
        self.tally: ClassTally | LabelTally | NumberTally | None = None

    def add(self, values: Values) -> list[Said]:
        """Take the samples of a batch, whose outputs are among the values, into account; of classes, what each is."""
        found, right = self.function(values)
        assert isinstance(found, Tensor) and isinstance(right, Tensor)
        comparison = self.comparison
        match comparison.kind:
            case "classes":
                scores = _rows(_probabilities(found, comparison))
                areas, field, ignored = comparison.scores is not None, comparison.field, comparison.ignored
                classes = self.tally or ClassTally(field, scores.shape[1], self.names, ignored, self.top, areas)
                assert isinstance(classes, ClassTally)
                classes.add(scores, right.reshape(-1).cpu().numpy())
                self.tally = classes
            case "labels":
                scores, truth = _rows(_probabilities(found, comparison)), _rows(right)
                labels = self.tally or LabelTally(comparison.field, scores.shape[1], self.names)
                assert isinstance(labels, LabelTally)
                labels.add(scores, truth)
                self.tally = labels
            case "numbers":
                wanted = _columns(right.expand(found.shape))
                tally = self.tally or NumberTally(comparison.field, wanted.shape[1], self.names)
                assert isinstance(tally, NumberTally)
                tally.add(_columns(found), wanted)
                self.tally = tally
        return self._said(found, right) if comparison.kind == "classes" and found.ndim == 2 else []

    def _said(self, found: Tensor, right: Tensor) -> list[Said]:
        share, taken = _probabilities(found, self.comparison).max(1)
        field = self.comparison.field
        known = share.tolist() if self.comparison.scores is not None else [None] * len(share)
        return [
            Said(field, self._name(own), self._name(said), probability)
            for own, said, probability in zip(right.tolist(), taken.tolist(), known, strict=True)
        ]

    def figures(self) -> Figures | None:
        """The figures of all samples; None where there was none."""
        return self.tally.figures() if self.tally is not None else None

    def _name(self, number: int) -> str:
        return self.names[number] if 0 <= number < len(self.names) else str(number)


def _probabilities(found: Tensor, comparison: Comparison) -> Tensor:
    """Scores as probabilities; where nothing says of which kind they are, they stay as they are."""
    found = found.detach().float()
    match comparison.scores:
        case "logits":
            return found.softmax(1) if comparison.kind == "classes" else found.sigmoid()
        case "log-probabilities":
            return found.exp()
    return found


def _rows(tensor: Tensor) -> NDArray[np.float32]:
    """[N, K, ...] as [places, K]: each place of a mask or a sequence is a sample; [N] has one column."""
    tensor = tensor.detach().float().cpu()
    if tensor.ndim < 2:
        return tensor.reshape(-1, 1).numpy()
    return tensor.movedim(1, -1).reshape(-1, tensor.shape[1]).numpy()


def _columns(tensor: Tensor) -> NDArray[np.float32]:
    """[N, K] as it is; all else, such as pictures, in one column."""
    tensor = tensor.detach().float().cpu()
    return (tensor if tensor.ndim == 2 else tensor.reshape(-1, 1)).numpy()
