"""Samples of the data of a run, for the page to begin with: pictures, rows of numbers, texts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import SpecError
from nnspec.infer.session import Session
from nnspec.limits import Limits
from nnspec.recipe.plan import read_plan
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.known import Known
from nnspec.train.data.read import read
from nnspec.train.settings import read_settings
from nnspec.train.stored import read_spec

Json = dict[str, Any]
POINTS = 400  # rows of numbers that a page shows at most


def add_samples(folder: Path, session: Session, fields: Sequence[Json], count: int, limits: Limits) -> str | None:
    """Give the fields samples of the data, `count` pictures or texts, and the range of every number.

    Returns:
        Why there are none, where the data cannot be read.
    """
    settings = read_settings(folder)
    if settings.given:
        return "the run was given its data by Python"
    declarations, program = read_spec(folder, limits)
    try:
        choice = read_plan(declarations, program.main.name, settings.recipe, limits).recipe.data
        inputs = {port.name: program.main.values[port.value] for port in program.main.inputs}
        base, known = Path(settings.base), Known.stored(session.metadata)
        found = choice.found(base)
        picture = next((field for field in fields if field["kind"] == "picture"), None)
        own = _own_size(found.fields(base).known, picture) if picture else None
        frame = Frame(None, None, None)
        if picture is not None:
            height, width = own or (picture["height"] or None, picture["width"] or None)
            frame = Frame(picture["channels"], height, width)
        data = read(found, base, frame, None, inputs, known)
        _add(data, session, fields, count)
    except SpecError as error:
        return f"the data cannot be read: {error.found[0].diagnostic.message}"
    return None


def _own_size(known: Mapping[str, Any], picture: Json) -> tuple[int, int] | None:
    """The size that pictures of the data have before they are brought to that of the model."""
    field = known.get(picture["name"]) or next((each for each in known.values() if each and each.picture), None)
    match field.sizes if field is not None and field.picture else ():
        case (_, int(height), int(width)):
            return height, width
    return None


def _add(data: DataSet, session: Session, fields: Sequence[Json], count: int) -> None:
    validated = data.own.validation
    among = np.array(validated if validated is not None else range(len(data)), np.int64)
    for field in fields:
        if field["name"] not in data.samples.forms:
            continue
        wanted = POINTS if field["kind"] == "numbers" else count
        places = among[np.unique(np.linspace(0, len(among) - 1, min(wanted, len(among))).astype(np.int64))]
        rows = data.opened(places)
        labels = _labels(rows, data)
        values = rows[field["name"]]
        match field["kind"]:
            case "picture":
                _add_pictures(field, values, labels)
            case "numbers":
                _add_numbers(field, values, rows.get("label"))
            case "text":
                field["samples"] = list(filter(None, (_text(session, field, row) for row in values)))


def _labels(rows: Mapping[str, Tensor], data: DataSet) -> list[str]:
    label = rows.get("label")
    if label is None or label.ndim != 1:
        return []
    return [data.classes[number] if number < len(data.classes) else str(number) for number in label.tolist()]


def _add_pictures(field: Json, pictures: Tensor, labels: Sequence[str]) -> None:
    """Pictures as PNG; `bright` says whether their ground is, so that one draws on the same."""
    from PIL import Image  # here: numbers and texts need no Pillow

    if field["flat"] and pictures.ndim == 2:
        pictures = pictures.reshape(len(pictures), field["channels"], field["height"], field["width"])
    if not bool(((pictures >= 0) & (pictures <= 1)).all()):
        return  # numbers that are no picture: an array may hold any
    whole = (pictures * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    field["own"] = list(whole.shape[1:3])
    border = np.concatenate(
        [whole[:, 0].ravel(), whole[:, -1].ravel(), whole[:, :, 0].ravel(), whole[:, :, -1].ravel()]
    )
    field["bright"] = bool(np.median(border) > 127)
    field["samples"] = []
    for index, array in enumerate(whole):
        stream = BytesIO()
        Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(stream, "PNG")
        png = f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"
        field["samples"].append({"png": png, "label": labels[index] if labels else None})


def _add_numbers(field: Json, rows: Tensor, label: Tensor | None) -> None:
    """Rows with the number of their class, and the range of every column."""
    table = rows.reshape(len(rows), -1).to(torch.float64)
    field["rows"] = [[float(f"{number:.6g}") for number in row] for row in table.tolist()]
    field["labels"] = label.tolist() if label is not None and label.ndim == 1 else []
    for column in field["columns"]:
        if "index" in column:
            values = table[:, column["index"]]
            low, high, middle = (float(f"{x:.4g}") for x in (values.min(), values.max(), values.median()))
            column |= {"low": low, "high": high, "middle": middle}


def _text(session: Session, field: Json, row: Tensor) -> str:
    vocabulary = session.vocabulary(field["name"])
    assert vocabulary is not None, "a field of texts has one"
    numbers = [number for number in row.tolist() if number != vocabulary.padding]
    return vocabulary.decode(numbers[: field["window"] or 200])
