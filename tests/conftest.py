"""What all tests share: the paths of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds `nnspec/`, `grammar/`, `specs/` and `tests/`."""
    return Path(__file__).parent.parent
