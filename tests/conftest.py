"""What all tests share: the paths of the repository, and one thread for each of the processes that run side by side."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds `nnspec/`, `grammar/`, `specs/` and `tests/`."""
    return Path(__file__).parent.parent
