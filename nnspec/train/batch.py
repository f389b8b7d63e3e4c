"""A batch: the values of its samples by name; of mixed pictures, also those of the other sample of each."""

from __future__ import annotations

from torch import Tensor

Values = dict[str, Tensor]


class Batch:
    """The fields of some samples, to which what is computed from them is added."""

    def __init__(self, values: Values, others: Values | None = None, share: float = 1.0) -> None:
        """A batch; a mixed one has `others`.

        Args:
            values: by name, samples first.
            others: the fields that were not mixed themselves, as the other sample of each has them.
            share: of the sample itself in what was mixed; the rest is the other's.
        """
        self.values = values
        self.others = others
        self.share = share

    def part(self, samples: slice) -> Batch:
        """Some of its samples."""
        others = None if self.others is None else {name: x[samples] for name, x in self.others.items()}
        return Batch({name: x[samples] for name, x in self.values.items()}, others, self.share)

    @property
    def weights(self) -> list[float]:
        """The weight of each of the versions."""
        return [1.0] if self.others is None else [self.share, 1 - self.share]

    @property
    def versions(self) -> list[Values]:
        """The values that a loss is computed of: with the fields of the samples, and with those of the others."""
        return [self.values] if self.others is None else [self.values, {**self.values, **self.others}]
