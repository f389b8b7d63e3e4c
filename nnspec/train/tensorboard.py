"""A run for TensorBoard: what each epoch gave, and the pictures that were made of it. `tensorboard --logdir runs`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from nnspec.output import cannot_write

PICTURES = ("samples", "confusion")


class Board:
    """The events of a run, in `tensorboard/` in its folder."""

    def __init__(self, folder: Path, epochs: int) -> None:
        """`epochs` are done: what a former start has written of later ones is not shown."""
        self.folder = folder
        with self._writing():
            self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=epochs + 1)

    def row(self, row: dict[str, float | int | None]) -> None:
        """The values of an epoch.

        Raises:
            SpecError: they cannot be written.
        """
        with self._writing():
            for name, value in row.items():
                if value is not None and name != "epoch":
                    self.writer.add_scalar(name, value, row["epoch"])
            self.writer.flush()

    def pictures(self, epoch: int) -> None:
        """The pictures that the folder has after an epoch.

        Raises:
            SpecError: they cannot be written.
        """
        with self._writing():
            for path in (self.folder / f"{name}.png" for name in PICTURES):
                if path.exists():
                    with Image.open(path) as picture:
                        array = np.asarray(picture.convert("RGB"))
                    self.writer.add_image(path.stem, array, epoch, dataformats="HWC")
            self.writer.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder / "tensorboard", error) from None
