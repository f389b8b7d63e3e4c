"""The figures of a classifier: accuracy, top-k, confusion, and of each class precision, recall, F1 and areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnspec.evaluation.curves import areas
from nnspec.evaluation.figures import Figures, Row, Value, mean, share

HELD = 1 << 25  # scores that are kept for areas under curves, which need all of them
MOST = 1000  # classes of a table of confusions


class ClassTally:
    """Counts of what samples are and what they are taken for, added up batch by batch."""

    def __init__(
        self, field: str, classes: int, names: Sequence[str], ignored: int | None, top: int, areas: bool = True
    ) -> None:
        """A tally of nothing.

        Args:
            field: what the classes are called in the data.
            classes: how many the model tells apart.
            names: those of the first ones.
            ignored: a class that does not count.
            top: the right class counts if it is among so many of the likeliest.
            areas: whether there are areas under curves: scores of different samples must be comparable for them.
        """
        self.field = field
        self.names = [names[index] if index < len(names) else str(index) for index in range(classes)]
        self.ignored = ignored
        self.top = min(top, classes)
        self.counts = np.zeros(classes, np.int64)
        self.taken = np.zeros(classes, np.int64)
        self.right = np.zeros(classes, np.int64)
        self.confusion = np.zeros((classes, classes), np.int64) if classes <= MOST else None
        self.among_top = 0
        self.held: list[tuple[NDArray[np.float32], NDArray[np.int64]]] | None = [] if areas else None
        self.size = 0
        self.full = False

    def add(self, probabilities: NDArray[np.float32], target: NDArray[np.int64]) -> None:
        """Some samples.

        Args:
            probabilities: [N, classes]; any scores of the same order will do for all but areas.
            target: [N], the right classes.
        """
        known = (target >= 0) & (target < len(self.names))
        if self.ignored is not None:
            known &= target != self.ignored
        probabilities, target = probabilities[known], target[known]
        if not len(target):
            return
        found = probabilities.argmax(1)
        classes = len(self.names)
        self.counts += np.bincount(target, minlength=classes)
        self.taken += np.bincount(found, minlength=classes)
        self.right += np.bincount(target[found == target], minlength=classes)
        if self.confusion is not None:
            self.confusion += np.bincount(target * classes + found, minlength=classes**2).reshape(classes, classes)
        own = probabilities[np.arange(len(target)), target][:, None]
        earlier = np.arange(classes)[None] < target[:, None]  # of equal scores the first counts, as in argmax
        before = (probabilities > own).sum(1) + ((probabilities == own) & earlier).sum(1)
        self.among_top += int((before < self.top).sum())
        self.size += probabilities.size
        if self.held is not None:
            self.held.append((probabilities, target))
            if self.size > HELD:
                self.held, self.full = None, True

    def figures(self) -> Figures:
        """What was added, in figures."""
        total = int(self.counts.sum())
        rows = [self._row(index) for index in range(len(self.names))]
        there = [index for index in range(len(self.names)) if self.counts[index] or self.taken[index]]
        whole: dict[str, Value] = {"samples": total, "accuracy": share(int(self.right.sum()), total)}
        if 1 < self.top < len(self.names):
            whole[f"top_{self.top}"] = share(self.among_top, total)
        recalls = [share(int(self.right[index]), int(self.counts[index])) for index in there if self.counts[index]]
        whole["balanced_accuracy"] = mean(recalls)
        for name in ("precision", "recall", "f1"):
            values = [float(rows[index].figures[name] or 0.0) for index in there]
            whole[f"macro_{name}"] = mean(values)
            weights = self.counts[there]
            whole[f"weighted_{name}"] = share(float(np.dot(values, weights)), total) if there else None
        for name in ("auc", "average_precision"):
            known = [value for row in rows if (value := row.figures.get(name)) is not None]
            if known:
                two = len(self.names) == 2
                whole[name] = rows[1].figures[name] if two else mean([float(value) for value in known])
        notes = ("areas under curves are left out: they need all scores at once",) if self.full else ()
        return Figures("classes", self.field, whole, tuple(rows), self.confusion, notes)

    def _row(self, index: int) -> Row:
        right, count, taken = (int(each[index]) for each in (self.right, self.counts, self.taken))
        figures: dict[str, Value] = {
            "precision": share(right, taken),
            "recall": share(right, count),
            "f1": share(2 * right, count + taken),
            "samples": count,
        }
        if self.held:
            scores = np.concatenate([scores[:, index] for scores, _ in self.held])
            truth = np.concatenate([target == index for _, target in self.held])
            found = areas(scores, truth)
            figures |= {"auc": found.auc, "average_precision": found.average_precision}
        return Row(self.names[index], figures)
