"""The figures of labels that hold or do not, each for itself: of one yes or no, of several labels, of masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnspec.evaluation.classes import HELD
from nnspec.evaluation.curves import areas
from nnspec.evaluation.figures import Figures, Row, Value, mean, share

HALF = 0.5  # the probability from which on a label is said to hold


class LabelTally:
    """Counts for each label, added up batch by batch."""

    def __init__(self, field: str, labels: int, names: Sequence[str]) -> None:
        self.field = field
        self.names = list(names) if len(names) == labels else [field] if labels == 1 else list(map(str, range(labels)))
        self.right, self.truth, self.taken = (np.zeros(labels, np.int64) for _ in range(3))
        self.samples = self.agreeing = self.whole_rows = 0
        self.held: list[tuple[NDArray[np.float32], NDArray[np.bool_]]] | None = []
        self.size = 0

    def add(self, probabilities: NDArray[np.float32], target: NDArray[np.float32]) -> None:
        """Some samples: both are [N, labels], targets 0 or 1; what lies between counts as the nearer one."""
        truth, found = target > HALF, probabilities > HALF
        self.samples += len(truth)
        self.right += (truth & found).sum(0)
        self.truth += truth.sum(0)
        self.taken += found.sum(0)
        self.agreeing += int((truth == found).sum())
        self.whole_rows += int((truth == found).all(1).sum())
        self.size += probabilities.size
        if self.held is not None:
            self.held.append((probabilities, truth))
            if self.size > HELD:
                self.held = None

    def figures(self) -> Figures:
        """What was added, in figures."""
        rows = [self._row(index) for index in range(len(self.names))]
        whole: dict[str, Value] = {
            "samples": self.samples,
            "accuracy": share(self.agreeing, self.samples * len(rows)),
        }
        if len(rows) > 1:
            whole["all_right"] = share(self.whole_rows, self.samples)
        for name in ("precision", "recall", "f1", "auc", "average_precision"):
            known = [float(value) for row in rows if (value := row.figures.get(name)) is not None]
            if known:
                whole[name if len(rows) == 1 else f"macro_{name}"] = mean(known)
        right, truth, taken = (int(each.sum()) for each in (self.right, self.truth, self.taken))
        if len(rows) > 1:
            whole["micro_f1"] = share(2 * right, truth + taken)
        notes = () if self.held is not None else ("areas under curves are left out: they need all scores at once",)
        return Figures("labels", self.field, whole, tuple(rows) if len(rows) > 1 else (), self._confusion(), notes)

    def _confusion(self) -> NDArray[np.int64] | None:
        """Of one label: no and yes."""
        if len(self.names) > 1:
            return None
        right, truth, taken = (int(each[0]) for each in (self.right, self.truth, self.taken))
        return np.array([[self.samples - truth - taken + right, taken - right], [truth - right, right]])

    def _row(self, index: int) -> Row:
        right, truth, taken = (int(each[index]) for each in (self.right, self.truth, self.taken))
        figures: dict[str, Value] = {
            "precision": share(right, taken),
            "recall": share(right, truth),
            "f1": share(2 * right, truth + taken),
            "samples": truth,
        }
        if self.held:
            scores = np.concatenate([scores[:, index] for scores, _ in self.held])
            known = np.concatenate([each[:, index] for _, each in self.held])
            found = areas(scores, known)
            figures |= {"auc": found.auc, "average_precision": found.average_precision}
        return Row(self.names[index], figures)
