"""Pictures of data sets of Hugging Face, unpacked when they are asked for: their Arrow files are mapped into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nnspec.reading.pictures import eight_bits, is_wide, pixels, upright
from nnspec.reading.unreadable import FETCH, Unreadable
from nnspec.train.data.dataset import Frame
from nnspec.train.data.samples import Decoded, Form, Hash, Indices, Rows

if TYPE_CHECKING:
    from datasets import Dataset

COLORS, WHITE = 3, 255
COMPARED = 1 << 26  # bytes of a column by all of which it is known to be the same
LOOKED_AT = 64  # rows of a larger one


class ArrowPictures(Decoded):
    """Rows of one or several splits: columns of pictures, and others that are in memory."""

    def __init__(
        self, parts: Sequence[Dataset], pictures: Sequence[str], others: Mapping[str, Tensor], frame: Frame
    ) -> None:
        """Look at the first pictures.

        Args:
            parts: the splits, one behind the other.
            pictures: the names of the columns of pictures.
            others: the other columns.
            frame: the form that pictures are brought to; the size is that of the first where it says none.
        """
        self.parts = {name: [part.select_columns([name]) for part in parts] for name in pictures}
        self.ends = np.cumsum([len(part) for part in parts])
        self.known = dict(others)
        self.channels = frame.channels or COLORS
        self.forms = {name: self._form(name, frame) for name in pictures}
        self.forms |= {name: Form(tensor.dtype, tuple(tensor.shape[1:])) for name, tensor in others.items()}

    def _form(self, name: str, frame: Frame) -> Form:
        try:
            first = self._picture(name, 0)
        except Unreadable:  # it is told of when it is read
            return Form(torch.uint8, (frame.height or 1, frame.width or 1, self.channels), WHITE, channels_last=True)
        height, width = frame.height or first.height, frame.width or first.width
        if is_wide(first):
            return Form(torch.float32, (self.channels, height, width))
        return Form(torch.uint8, (height, width, self.channels), WHITE, channels_last=True)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def place(self, index: int) -> str:
        return f"row {index + 1:,}"

    def fill(self, indices: Indices, rows: Rows) -> None:
        for name, tensor in self.known.items():
            rows[name].copy_(tensor[torch.from_numpy(indices)])
        for name in self.parts:
            form, made = self.forms[name], rows[name].numpy()
            extent = form.sizes[:2] if form.white else form.sizes[1:]
            for row, index in enumerate(indices.tolist()):
                picture = self._picture(name, index)
                made[row] = (eight_bits if form.white else pixels)(picture, self.channels, (extent[0], extent[1]))

    def _picture(self, name: str, index: int) -> Any:
        """The picture of a row.

        Raises:
            Unreadable: there is none, or it is damaged.
        """
        number = int(np.searchsorted(self.ends, index, side="right"))
        part = self.parts[name][number]
        try:
            picture = part[index - (int(self.ends[number - 1]) if number else 0)][name]
        except Exception:  # what is damaged comes out of `datasets` as any kind of error
            raise Unreadable(f"its {name} is damaged", FETCH) from None
        if picture is None:
            raise Unreadable(f"it has no {name}", "remove these rows")
        return upright(picture)

    def identify(self, hashed: Hash) -> None:
        from datasets import Image  # here: an extra of its own

        for name, tensor in sorted(self.known.items()):
            hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            hashed.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
        for name, parts in sorted(self.parts.items()):
            for part in parts:
                hashed.update(f"{name} {len(part)} {self.forms[name]}".encode())
                few = part.data.nbytes <= COMPARED
                places = range(len(part)) if few else np.linspace(0, len(part) - 1, LOOKED_AT).astype(int).tolist()
                plain = part.cast_column(name, Image(decode=False))
                for place in places:
                    held = plain[place][name] or {}
                    hashed.update(held.get("bytes") or str(held.get("path")).encode())
