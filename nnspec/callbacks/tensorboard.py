"""A run for TensorBoard: what each epoch gave, and the pictures that were made of it. `tensorboard --logdir runs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from nnspec.callbacks.callback import Callback, Progress, Row, register_callback
from nnspec.output import cannot_write


@register_callback("tensorboard")
class TensorBoard(Callback):
    """Writes events into `tensorboard/` in the folder of the run."""

    packages: ClassVar[tuple[str, ...]] = ("tensorboard",)

    def begin(self, run: Progress) -> None:
        """Open the file; what a former start has written of later epochs is not shown."""
        from torch.utils.tensorboard import SummaryWriter  # here: an extra, which takes seconds to import

        with _writing(run.folder):
            self.writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=len(run.history) + 1)

    def epoch(self, run: Progress, row: Row) -> None:
        """The values of an epoch."""
        with _writing(run.folder):
            for name, value in row.items():
                if value is not None and name != "epoch":
                    self.writer.add_scalar(name, value, row["epoch"])
            self.writer.flush()

    def pictures(self, run: Progress, pictures: Mapping[str, Path]) -> None:
        """The pictures, but for the curves, which TensorBoard draws itself."""
        import numpy as np
        from PIL import Image

        with _writing(run.folder):
            for name, path in pictures.items():
                if name != "curves":
                    with Image.open(path) as picture:
                        array = np.asarray(picture.convert("RGB"))
                    self.writer.add_image(name, array, len(run.history), dataformats="HWC")
            self.writer.flush()

    def end(self, run: Progress, error: BaseException | None) -> None:
        """Close the file."""
        with _writing(run.folder):
            self.writer.close()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(folder / "tensorboard", error) from None
