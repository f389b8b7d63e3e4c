"""A data set of torch as samples: it is asked for each by its index, and puts them together in its own way.

It is asked again in each epoch, as by a `DataLoader`: its code may change a sample from reading to reading, and be it
seldom, and nothing outside can tell that it does not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
import torch

from nnspec.diagnostics import SpecError
from nnspec.raised import place_of
from nnspec.reading.arrays import CHANNELS, WHITE, Array
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.samples import Form, Hash, Indices, Rows, Samples

LOOKED_AT = 16  # samples by which the data is told from other data
ONE_TYPE = "let all samples have numbers of one type"
ONE_SHAPE = "bring all samples to one shape: pad sequences, resize pictures"


class Asked(Samples):
    """The samples of a data set of torch."""

    varies = True
    decoded = True

    def __init__(
        self,
        dataset: Any,
        collate: Callable[[list[Any]], Any],
        named: Callable[[Any], dict[str, Array]],
        fail: Callable[[str, str], NoReturn],
    ) -> None:
        """Ask for the first sample.

        Args:
            dataset: has a length, and gives samples by index.
            collate: puts samples together.
            named: the arrays of samples by name.
            fail: refuses the data for a reason, with a way out.
        """
        self.dataset = dataset
        self.collate = collate
        self.named = named
        self.count = self._length(fail)
        if self.count < 2:
            fail(f"it has {self.count} samples", "give two at least")
        before = _draws()
        first = self._arrays([0])
        self.forms = {name: _form(array) for name, array in first.items()}
        again = self._arrays([0])
        same = all(np.array_equal(array, again[name], equal_nan=True) for name, array in first.items())
        self.random = not same or _draws() != before

    def _length(self, fail: Callable[[str, str], NoReturn]) -> int:
        try:
            return len(self.dataset)
        except (TypeError, NotImplementedError):
            fail(f"{type(self.dataset).__name__} has no length", "give it `__len__`, or pass an iterable of batches")

    def __len__(self) -> int:
        return self.count

    def rows(self, indices: Indices) -> Rows:
        arrays = self._arrays([int(index) for index in indices])
        if arrays.keys() != self.forms.keys():
            named = f"{', '.join(arrays)}, and of the first {', '.join(self.forms)}"
            raise Unreadable(f"the fields of {self.place(int(indices[0]))} or one behind it are {named}", ONE_TYPE)
        for name, array in arrays.items():
            if array.shape[1:] != self.forms[name].sizes:
                shapes = f"{list(array.shape[1:])}, and of the first {list(self.forms[name].sizes)}"
                raise Unreadable(f"{name} of {self.place(int(indices[0]))} or one behind it is {shapes}", ONE_SHAPE)
        made = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        for name, tensor in made.items():
            wanted = self.forms[name].dtype
            if tensor.dtype != wanted and not (tensor.is_floating_point() and wanted.is_floating_point):
                types = f"{str(tensor.dtype)[6:]}, and of the first {str(wanted)[6:]}"
                raise Unreadable(f"{name} of {self.place(int(indices[0]))} or one behind it is {types}", ONE_TYPE)
        return {name: tensor.to(self.forms[name].dtype) for name, tensor in made.items()}

    def identify(self, hashed: Hash) -> None:
        kind = type(self.dataset)
        hashed.update(f"{kind.__module__}.{kind.__qualname__} {len(self)}".encode())
        if self.random:
            return
        for index in dict.fromkeys(np.linspace(0, len(self) - 1, LOOKED_AT).astype(int).tolist()):
            for name, array in sorted(self._arrays([index]).items()):
                hashed.update(f"{name} {array.dtype} {array.shape}".encode())
                hashed.update(np.ascontiguousarray(array).tobytes())

    def _sample(self, index: int) -> Any:
        try:
            return _plain(self.dataset[index])
        except Exception as error:  # whatever the code of a data set raises
            raise Unreadable(f"sample {index} cannot be read: {place_of(error)}", "mend the data set") from error

    def _arrays(self, indices: list[int]) -> dict[str, Array]:
        samples = [self._sample(index) for index in indices]
        try:
            joined = self.collate(samples)
        except (RuntimeError, TypeError, ValueError, KeyError) as error:
            said = str(error).partition("\n")[0]
            raise Unreadable(
                f"samples {indices[0]} to {indices[-1]} cannot be put together: {said}", ONE_SHAPE
            ) from None
        try:
            return self.named(joined)
        except SpecError as error:  # which does not travel between processes
            raise Unreadable(error.diagnostics[0].message, error.diagnostics[0].help or ONE_SHAPE) from None


def _draws() -> tuple[Any, ...]:
    """The states of the generators that all code shares: whoever draws a random number moves one."""
    drawn: Any = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), random.getstate(), drawn[1].tobytes(), drawn[2:]


def _plain(value: Any) -> Any:
    """A sample with pictures of PIL as arrays, which torch puts together."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if not hasattr(value, "getbands"):
        return value
    array = np.asarray(value)
    return array[..., None] if value.mode in ("L", "I;16") else array  # others of one channel are masks


def _form(array: Array) -> Form:
    """The form of a field: pictures of 8 or 16 bits are scaled, and their channels come first."""
    sizes = tuple(array.shape[1:])
    dtype = torch.from_numpy(np.empty(0, array.dtype)).dtype
    picture = array.dtype in WHITE and len(sizes) == 3
    last = picture and sizes[0] not in CHANNELS and sizes[2] in CHANNELS
    return Form(dtype, sizes, WHITE[array.dtype] if picture else None, last)
