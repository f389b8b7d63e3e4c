"""Values that are written to files beside the runs: what a killed process leaves goes, and a full disk is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnspec import SpecError
from nnspec.train.data.spool import FOLDER, Spool
from nnspec.train.supply import supply_of

resource = pytest.importorskip("resource")

KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from nnspec.train.data.spool import Spool
from nnspec.train.supply import supply_of
spool = Spool(supply_of(None, None, Path(sys.argv[1])), "rows")
spool.add("x", np.zeros((10, 3)))
os.kill(os.getpid(), 9)
"""


def spool_in(place: Path) -> Spool:
    return Spool(supply_of(None, None, place), "rows")


def older(folder: Path, seconds: float = 120.0) -> Path:
    """The folder as one that was written some time ago."""
    at = folder.stat().st_mtime - seconds
    os.utime(folder, (at, at))
    return folder


def test_the_next_process_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False).returncode == -9
    (left,) = (tmp_path / FOLDER).iterdir()
    first = spool_in(tmp_path)
    assert left.exists()  # it is young: its process may be about to take it
    older(left)
    older(first.folder)
    second = spool_in(tmp_path)
    assert sorted((tmp_path / FOLDER).iterdir()) == sorted([first.folder, second.folder])


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(SpecError, match=r"cannot write .*file too large"):
            spool.add("x", np.zeros((1000, 30)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
