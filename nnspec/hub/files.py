"""The JSON files of a folder: each read whole, up to a size, and held to a form."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.hub.mistakes import UnreadableFolder

POINTER = b"version https://git-lfs.github.com/spec/"  # what Git leaves of a large file until it is fetched
UNFETCHED = "it is a pointer of Git LFS, and not the file itself, which `git lfs pull` fetches"
BYTES = 128 << 20  # the largest tokenizers, of a quarter of a million tokens, have 35 MB
Form = TypeVar("Form", bound=BaseModel)


def read_bytes(path: Path) -> bytes | None:
    """The content of a file; None where there is none.

    Raises:
        SpecError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, (error.strerror or str(error)).lower()) from None
    if len(content) > BYTES:
        raise unreadable(path, f"it is larger than {BYTES:,} bytes")
    if content.startswith(POINTER):
        raise unreadable(path, UNFETCHED)
    return content.removeprefix(BOM_UTF8)


def read_text(path: Path) -> str | None:
    """The text of a file; None where there is none.

    Raises:
        SpecError: it cannot be read, or is no text.
    """
    content = read_bytes(path)
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        raise unreadable(path, "it is no UTF-8 text") from None


def read_form(path: Path, form: type[Form]) -> Form | None:
    """What a file holds; None where there is none.

    Raises:
        SpecError: it cannot be read, or does not have the form.
    """
    content = read_bytes(path)
    if content is None:
        return None
    try:
        return form.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise unreadable(path, f"{place}: {first['msg']}".removeprefix(": ")) from None


def unreadable(path: Path, reason: str) -> SpecError:
    """The mistake that a file of a folder is."""
    return SpecError.of(UnreadableFolder(None, str(path), reason))
