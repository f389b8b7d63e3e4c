"""CIFAR-10 and CIFAR-100 in their binary version: records of label bytes and 3,072 bytes of a picture.

The "python version" of both is pickles, which run what they like when they are read; it is refused.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import RELATIVE, need_room, refuse
from nnspec.train.data.samples import Form, Held

SIZES = (3, 32, 32)
PIXELS = 3 * 32 * 32
WHITE = 255
TEN = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
BINARY = "take the binary version: cifar-10-binary.tar.gz, cifar-100-binary.tar.gz"


def read_cifar(folder: Path, span: Span | None) -> DataSet:
    """The training part, then the test part, where it is there.

    Raises:
        SpecError: there are no such files, or they are damaged.
    """
    batches = sorted(folder.glob("data_batch_*.bin")) if folder.is_dir() else []
    ten = bool(batches)
    training = batches or [path for path in (folder / "train.bin",) if path.is_file()]
    if not training:
        if (folder / "data_batch_1").exists() or (folder / "train").is_file():
            refuse(folder, "its files are Python pickles, which may run anything when they are read", BINARY, span)
        refuse(folder, "there is no data_batch_1.bin and no train.bin in it", RELATIVE, span)
    test = folder / ("test_batch.bin" if ten else "test.bin")
    labels = 1 if ten else 2
    parts = [_records(path, labels, span) for path in [*training, *([test] if test.is_file() else [])]]
    records = np.concatenate(parts)
    if len(records) < 2:
        refuse(folder, f"it holds {len(records)} pictures", BINARY, span)
    pictures = torch.from_numpy(records[:, labels:].reshape(-1, *SIZES))
    fields = {"image": pictures, "label": torch.from_numpy(records[:, labels - 1].astype(np.int64))}
    if not ten:
        fields["coarse"] = torch.from_numpy(records[:, 0].astype(np.int64))
    tested = len(parts[-1]) if test.is_file() else None
    classes = TEN if ten else tuple(map(str, range(100)))
    forms = {"image": Form(torch.uint8, SIZES, WHITE)}
    return DataSet(folder.name, Held(fields, forms), classes, frozenset({"image"}), tested=tested)


def _records(path: Path, labels: int, span: Span | None) -> NDArray[np.uint8]:
    """[N, labels + 3072]."""
    try:
        size = path.stat().st_size
        need_room(path, size, span)
        content = path.read_bytes()
    except OSError as error:
        refuse(path, f"it cannot be read ({error.strerror})", RELATIVE, span)
    if not size or size % (labels + PIXELS):
        refuse(path, f"its {size:,} bytes are no records of {labels + PIXELS:,}", "fetch the file again", span)
    return np.frombuffer(content, np.uint8).reshape(-1, labels + PIXELS)
