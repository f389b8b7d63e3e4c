"""The inputs of a network as fields of a form: pictures, numbers, choices, texts; by what training has stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from nnspec.diagnostics import SpecError
from nnspec.infer.files import counted_by
from nnspec.infer.language import LANGUAGE
from nnspec.infer.metadata import NAMES, SIZES, VOCABULARIES, stored
from nnspec.infer.pictures import PictureInput, picture_input
from nnspec.infer.ports import TensorPort
from nnspec.infer.session import Session
from nnspec.infer.tokens import FORM, KINDS, MASKS, TEXTS
from nnspec.infer.vocabulary import Characters, Counted
from nnspec.page.mistakes import NoPage
from nnspec.page.tokenizer import NotFollowed, steps

Json = dict[str, Any]
NORMALIZED = TypeAdapter(dict[str, dict[str, list[float]]])
MOST = 64  # numbers that a person is asked for


def fields(session: Session) -> list[Json]:
    """A field for each input, in their order.

    Raises:
        SpecError: an input is none that a person can give, or what is stored of it is damaged.
    """
    ports = {port.name: port for port in session.inputs}
    return [_field(session, port, ports) for port in session.inputs]


def _field(session: Session, port: TensorPort, ports: Mapping[str, TensorPort]) -> Json:
    metadata = session.metadata
    if counted_by(port.name, ports):
        return {"kind": "lengths", "name": port.name, "of": port.name.removesuffix("_lengths")}
    if port.dtype.kind == "i" and len(port.shape) == 2:
        filled = dict.fromkeys(MASKS, 1) | dict.fromkeys(KINDS, 0) if LANGUAGE in metadata else {}
        if port.name in filled:
            return {"kind": "filled", "name": port.name, "value": filled[port.name]}
        return _text(session, port)
    known = (stored(metadata, "nnspec.vocabularies", VOCABULARIES) or {}).get(port.name)
    if port.dtype.kind == "i" and len(port.shape) == 1 and known:
        return {"kind": "choice", "name": port.name, "options": known}
    picture = picture_input(port)
    pictures = stored(metadata, "nnspec.pictures", NAMES) or []
    if picture is not None and (not picture.flat or port.name in pictures):
        return _picture(port, picture)
    width = 1 if len(port.shape) == 1 else port.shape[1] if len(port.shape) == 2 else None
    if port.dtype.kind == "f" and isinstance(width, int) and 1 <= width <= MOST:
        return _numbers(session, port, width)
    if picture is not None:
        return _picture(port, picture)
    raise _refused(port, "it is no picture, and no row of numbers that a person would give")


def _picture(port: TensorPort, form: PictureInput) -> Json:
    """A picture in the size of the model; a size of 0 is free, and a multiple of what `multiples` says."""
    return {
        "kind": "picture",
        "name": port.name,
        "channels": form.channels,
        "height": form.height or 0,
        "width": form.width or 0,
        "multiples": list(form.multiples),
        "flat": form.flat,
    }


def _numbers(session: Session, port: TensorPort, width: int) -> Json:
    """A row of numbers: each a column, or 1 of the texts that a column may hold."""
    names = stored(session.metadata, "nnspec.columns", NAMES) or []
    if len(port.shape) == 1 or (len(names) != width and width == 1):
        names = [port.name]
    elif len(names) != width:
        names = [f"{port.name} {index + 1}" for index in range(width)] if width != 2 else ["x", "y"]
    columns: dict[str, Json] = {}
    for index, name in enumerate(names):
        column, equals, text = name.partition("=")
        if equals:
            choice = columns.setdefault(column, {"name": column, "options": [], "indices": []})
            choice["options"].append(text)
            choice["indices"].append(index)
        else:
            columns[name] = {"name": name, "index": index} | _usual(session, port.name, index)
    return {
        "kind": "numbers",
        "name": port.name,
        "width": width,
        "rank": len(port.shape),
        "columns": list(columns.values()),
    }


def _usual(session: Session, name: str, index: int) -> Json:
    """The range of a column by its mean and deviation in training, where the model normalises it."""
    found = (stored(session.metadata, "nnspec.normalized", NORMALIZED) or {}).get(name)
    if found is None:
        return {}
    mean, deviation = (found[key][min(index, len(found[key]) - 1)] for key in ("mean", "std"))
    low, middle, high = (float(f"{mean + times * deviation:.4g}") for times in (-2, 0, 2))
    return {"low": low, "middle": middle, "high": high}


def _text(session: Session, port: TensorPort) -> Json:
    """A text by the vocabulary that is stored; `most` is how many tokens are read of it at most, the first ones.

    Of a model that can take a bounded number of tokens only, `window` is how many: the last ones are read.
    """
    vocabulary = session.vocabulary(port.name)
    if vocabulary is None:
        raise _refused(port, "no vocabulary is stored with the weights, so that no text becomes its numbers")
    found: Json = {"kind": "text", "name": port.name}
    match vocabulary:
        case Characters():
            found |= {"unit": "character", "tokens": list(vocabulary.characters), "rare": None}
        case Counted(tokenizer=None):
            unit = "character" if " " in vocabulary.index else "word"
            found |= {"unit": unit, "tokens": list(vocabulary.tokens), "rare": vocabulary.encode("\0")[0]}
        case _:
            try:
                found |= steps(vocabulary)
            except NotFollowed as reason:
                raise _refused(port, f"its tokens are those of a tokenizer file, and {reason}") from None
            found |= {"rare": None}
    most = (stored(session.metadata, TEXTS, FORM) or {}).get(port.name)
    largest = stored(session.metadata, "nnspec.largest", SIZES) or {}
    time = port.shape[1]
    window = time if isinstance(time, int) else largest.get(time) if isinstance(time, str) else None
    return found | {"most": most.length if most else None, "window": window, "fixed": isinstance(time, int)}


def _refused(port: TensorPort, reason: str) -> SpecError:
    return SpecError.of(NoPage(None, port.name, f"{port.dtype} {port}", reason))
