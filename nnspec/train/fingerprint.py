"""Whether data is the same as before, to the last bit."""

from __future__ import annotations

from hashlib import sha256

import torch

from nnspec.train.data.dataset import DataSet


def fingerprint(data: DataSet) -> str:
    """The SHA-256 of names, types, shapes and values of all fields."""
    hashed = sha256()
    for name, tensor in sorted(data.fields.items()):
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
    return hashed.hexdigest()
