"""Data that is given in Python as samples: arrays by name or in order, data sets of torch and others, batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, SequentialSampler, Subset, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from nnspec.reading.arrays import PLAIN, Array
from nnspec.recipe.given import Given
from nnspec.train.data.arrays import fields_of_arrays
from nnspec.train.data.asked import Asked
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import read_from, refuse
from nnspec.train.data.hugging_face import dataset_of_hugging_face, is_transformed
from nnspec.train.data.place import Place
from nnspec.train.data.spool import Spool, is_large
from nnspec.train.rows import register_data

NAME = "the given data"
SHOWN = 10  # names in a message
KINDS = "give a mapping or tuple of arrays or tensors, a Dataset, a DataLoader, or an iterable of batches"
ONCE = "its batches are read once and kept: what is random in them stays as it is in all epochs"
BY_NAME = "give a mapping of them by the names that the recipe uses: {'image': x, 'label': y}"
Values = Mapping[str, Any] | Sequence[Any]  # of samples: by name, or in the order of the inputs and the label


@register_data(Given)
def _given(choice: Given, place: Place) -> object:
    return choice.value


def read_given(value: object, place: Place, name: str = NAME) -> DataSet:
    """The data set that an object of Python stands for.

    Args:
        value: the object.
        place: what it is read for.
        name: what messages call it.

    Raises:
        SpecError: it is no data set.
    """
    if isinstance(value, DataSet):
        return value
    tensors = _tensors(value)
    if tensors is not None:
        return _arrays(tensors, place, name)
    if type(value).__module__.partition(".")[0] == "datasets" and not is_transformed(value):
        return dataset_of_hugging_face(value, place, name)
    if isinstance(value, DataLoader):
        return _loader(value, place, name)
    if (isinstance(value, TorchDataset) and not isinstance(value, IterableDataset)) or is_transformed(value):
        return _asked(value, torch.utils.data.default_collate, place, name)
    if isinstance(value, (tuple, list)) and any(isinstance(each, (TorchDataset, DataLoader)) for each in value):
        advice = "give the first as data, the others as validation = ... and test = ..."
        refuse(name, f"it is {len(value)} data sets in {_kind(value)}", advice, place.span)
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):  # of pandas or polars
        advice = "give its columns as arrays: data = (frame[names].to_numpy(), frame[label].to_numpy())"
        refuse(name, f"it is {_kind(value)}, whose columns are inputs and labels at once", advice, place.span)
    if isinstance(value, Mapping) or _are_arrays(value):
        return _arrays(value, place, name)
    if isinstance(value, IterableDataset):
        return _batches(([sample] for sample in value), place, name, torch.utils.data.default_collate)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return _batches(value, place, name)
    refuse(name, f"it is {_kind(value)}", KINDS, place.span)


def _tensors(value: Any) -> tuple[Tensor, ...] | None:
    """The tensors of a data set that is nothing else, or some rows of one; None for others."""
    if type(value) is TensorDataset:
        return tuple(value.tensors)
    whole = _tensors(value.dataset) if type(value) is Subset else None
    return None if whole is None else tuple(tensor[list(value.indices)] for tensor in whole)


def _kind(value: object) -> str:
    kind = type(value).__name__
    return f"an {kind}" if kind[0].lower() in "aeiou" else f"a {kind}"


def _are_arrays(value: object) -> bool:
    """Whether it is one array or several, in order: of NumPy, PyTorch, or what becomes one, as columns of pandas."""
    items = value if isinstance(value, (tuple, list)) else (value,)
    return len(items) > 0 and all(hasattr(each, "__array__") and getattr(each, "ndim", 0) for each in items)


def _arrays(value: Any, place: Place, name: str) -> DataSet:
    """Arrays by name, or in order, a row for each sample."""
    arrays = named(value, place, name)
    return fields_of_arrays(name, arrays, (), place.inputs, place.span)


def named(value: Any, place: Place, name: str) -> dict[str, Array]:
    """Arrays by name; in order, they are the inputs of the model, and behind them the `label` or the `target`.

    Raises:
        SpecError: there are more, or a value is no array of numbers.
    """
    if isinstance(value, Mapping):
        return {str(key): _array(str(key), each, place, name) for key, each in value.items()}
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    inputs = list(place.inputs or ())
    if place.inputs is None or len(items) > len(inputs) + 1:
        most = "builds networks of its own" if place.inputs is None else f"has {len(inputs)} inputs"
        refuse(name, f"it is {len(items)} arrays without names, and the model {most}", BY_NAME, place.span)
    arrays = [_array(f"array {index}", each, place, name) for index, each in enumerate(items)]
    last = "target" if arrays[-1].dtype.kind == "f" else "label"
    return dict(zip([*inputs, last], arrays, strict=False))


def _array(key: str, value: object, place: Place, name: str) -> Array:
    """A value as an array of numbers."""
    if isinstance(value, Tensor):
        held = value.detach().cpu()
        array: Array = (held.float() if held.dtype in (torch.bfloat16, torch.float16) else held).numpy()
    else:
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:  # rows of several lengths, objects that are no numbers
            reason = f"{key} is {_kind(value)}, which becomes no array ({str(error).splitlines()[0]})"
            refuse(name, reason, "give numbers, a row for each sample", place.span)
    if array.dtype.kind not in PLAIN or not array.ndim:
        held_type = "texts" if array.dtype.kind in "US" else f"elements of type {array.dtype}"
        reason = f"{key} is {'one number' if array.dtype.kind in PLAIN else held_type}"
        refuse(name, reason, "give numbers, a row for each sample", place.span)
    return array


def _loader(loader: DataLoader[Any], place: Place, name: str) -> DataSet:
    """The data set of a loader, with the loader's way to put samples together; or its batches, as they come."""
    usual = type(loader.sampler) in (RandomSampler, SequentialSampler) and loader.batch_size is not None
    if isinstance(loader.dataset, IterableDataset) or not usual:
        return _batches(loader, place, name)
    plain = loader.collate_fn is torch.utils.data.default_collate
    tensors = _tensors(loader.dataset) if plain else None
    if tensors is not None:
        made = _arrays(tensors, place, name)
    else:
        made = _asked(loader.dataset, loader.collate_fn, place, name)
    note = "of the DataLoader its data set is read: the order and the workers are those of the recipe"
    return made.replace(notes=(*made.notes, note))


def _asked(dataset: Any, collate: Any, place: Place, name: str) -> DataSet:
    """A data set of torch, asked for its samples by index."""

    def fail(reason: str, advice: str) -> NoReturn:
        refuse(name, reason, advice, place.span)

    with read_from(name, place.span):
        samples = Asked(dataset, collate, lambda value: named(value, place, name), fail)
    pictures = {key for key, form in samples.forms.items() if form.white is not None}
    masks = {key for key, form in samples.forms.items() if form.opened.dtype == torch.int64 and len(form.sizes) == 2}
    classes = getattr(dataset, "classes", ())
    texts = isinstance(classes, (list, tuple)) and all(isinstance(each, str) for each in classes)
    wanted = place.known.names("label") if place.known else ()
    if texts and wanted and tuple(classes) != wanted[: len(classes)]:
        some = ", ".join(wanted[:SHOWN])
        fail(f"its classes are {', '.join(classes[:SHOWN])}, and those of the model {some}", "number them as there")
    return DataSet(
        name,
        samples,
        wanted or (tuple(classes) if texts else ()),
        frozenset(pictures),
        frozenset(masks),
    )


def _batches(batches: Iterable[Any], place: Place, name: str, collate: Any = None) -> DataSet:
    """Batches, all read once and kept: in memory, or in files where they are large."""
    found: dict[str, list[Array]] = {}
    size, spool = 0, None
    for number, batch in enumerate(batches):
        arrays = named(batch if collate is None else collate(batch), place, name)
        size += sum(array.nbytes for array in arrays.values())
        if found and found.keys() != arrays.keys():
            reason = f"batch {number + 1} has {', '.join(arrays)}, and those before have {', '.join(found)}"
            refuse(name, reason, "give every batch the same fields", place.span)
        if spool is None and is_large(size):
            spool = Spool(place.supply, name)
            _spooled(spool, found, place, name)
        for key, array in arrays.items():
            known = found.setdefault(key, [])
            if known and known[0].shape[1:] != array.shape[1:]:
                reason = f"{key} of batch {number + 1} is {list(array.shape)}, and of the first {list(known[0].shape)}"
                refuse(name, reason, "bring all samples to one shape: pad sequences, resize pictures", place.span)
            known.append(array)
        if spool is not None:
            _spooled(spool, found, place, name)
    if not found:
        refuse(name, "it gives no batches: an iterator that was used up gives nothing more", KINDS, place.span)
    if spool is not None:
        made = fields_of_arrays(name, spool.arrays(), (), place.inputs, place.span, mapped=True)
        spool.last_as_long_as(made.samples)
    else:
        joined = {key: np.concatenate(parts) for key, parts in found.items()}
        made = fields_of_arrays(name, joined, (), place.inputs, place.span)
    return made.replace(notes=(*made.notes, ONCE))


def _spooled(spool: Spool, found: dict[str, list[Array]], place: Place, name: str) -> None:
    """Write the batches that were found; of each field the form alone is kept."""
    with read_from(name, place.span):
        for key, parts in found.items():
            for part in parts:
                spool.add(key, part)
            found[key] = [np.empty((0, *part.shape[1:]), part.dtype) for part in parts[:1]]
