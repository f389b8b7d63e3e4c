"""A conversation in a file: a list of messages in JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nnspec.hub.files import read_bytes, unreadable

_FORM = TypeAdapter(list[dict[str, Any]])


def read_messages(path: Path) -> list[dict[str, Any]]:
    """The messages of a file.

    Raises:
        SpecError: it is missing, or holds no list of messages.
    """
    content = read_bytes(path)
    if content is None:
        raise unreadable(path, "there is no such file")
    try:
        found = _FORM.validate_json(content)
    except ValidationError:
        found = []
    if not found or not all(isinstance(each.get("role"), str) for each in found):
        raise unreadable(path, 'it is no list of messages, [{"role": "user", "content": "..."}]')
    return found
