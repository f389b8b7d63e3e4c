"""The built-in digits of UCI; ATTRIBUTION.md says whose they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from nnspec.train.data.dataset import DataSet
from nnspec.train.data.samples import Held

GREATEST = 16  # of the grey levels


def read_digits() -> DataSet:
    """1,797 pictures [1, 8, 8] and their labels."""
    with np.load(Path(__file__).parent / "digits.npz", allow_pickle=False) as arrays:
        image, label = arrays["image"], arrays["label"]
    pictures = torch.from_numpy(image.astype(np.float32) / GREATEST).unsqueeze(1)
    labels = torch.from_numpy(label.astype(np.int64))
    return DataSet("digits", Held({"image": pictures, "label": labels}), tuple("0123456789"), frozenset({"image"}))
