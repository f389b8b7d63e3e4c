"""Folders of adapters, which are refused: what they hold changes another model."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from nnspec.diagnostics import SpecError
from nnspec.hub.files import read_form
from nnspec.hub.mistakes import AdapterFolder
from nnspec.kinds import ADAPTER


class _Adapter(BaseModel):
    model_config = ConfigDict(extra="ignore")

    peft_type: str | None = None
    base_model_name_or_path: str | None = None


def need_whole(folder: Path) -> None:
    """Check that a folder is of a model.

    Raises:
        SpecError: it is of an adapter.
    """
    found = read_form(folder / ADAPTER, _Adapter)
    if found is not None:
        raise SpecError.of(AdapterFolder(None, str(folder), found.peft_type, found.base_model_name_or_path))
