"""A configuration as it is given: a file, the folder in which it lies, its content, or an object of transformers."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from nnspec.diagnostics import SpecError
from nnspec.hub.adapter import need_whole
from nnspec.huggingface.mistakes import UnreadableConfiguration
from nnspec.kinds import CONFIG
from nnspec.record import Record

BYTES = 8 << 20  # with the 21,843 labels of ImageNet-21k, a configuration has nearly two megabytes


class HasOptions(Protocol):
    """A configuration of transformers."""

    def to_dict(self) -> dict[str, object]:
        """Its options."""


Config: TypeAlias = "str | PathLike[str] | Mapping[str, object] | HasOptions"


class Content(Record):
    """The text of a configuration, the name that it has in messages, and the folder in which it lies."""

    name: str
    content: bytes
    folder: Path | None = None


def content_of(config: Config) -> Content:
    """The text of a configuration.

    Raises:
        SpecError: the file cannot be read, or the mapping holds what JSON has not.
    """
    if isinstance(config, (str, PathLike)):
        path = Path(config)
        if not path.is_dir():
            return _read(path)
        need_whole(path)
        return _read(path / CONFIG)
    options = config if isinstance(config, Mapping) else config.to_dict()
    try:
        return Content("<config>", json.dumps(dict(options), indent=2, default=_number).encode())
    except (TypeError, ValueError) as error:
        raise SpecError.of(UnreadableConfiguration(None, "<config>", (str(error),))) from None


def _number(value: Any) -> object:
    """A number of NumPy as one of Python."""
    if getattr(value, "ndim", None) == 0:
        return value.item()
    raise TypeError(f"JSON does not hold what is of type {type(value).__name__}")


def _read(path: Path) -> Content:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of(UnreadableConfiguration(None, str(path), (reason,))) from None
    if len(content) > BYTES:
        raise SpecError.of(UnreadableConfiguration(None, str(path), (f"it is larger than {BYTES:,} bytes",)))
    return Content(str(path), content.removeprefix(BOM_UTF8), path.parent)
