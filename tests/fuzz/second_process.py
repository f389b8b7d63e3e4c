"""A second process that trains with this one: started once, it does what it is told, a case a line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import IO

import torch
import torch.distributed as dist

from nnspec.train.data_parallel import DataParallel
from nnspec.train.strategy import Strategy

ROOT = Path(__file__).parents[2]


@contextmanager
def second_process() -> Iterator[tuple[IO[str], Strategy]]:
    """Where cases are written, and the strategy of this process."""
    other = _started()
    assert other.stdin is not None
    try:
        yield other.stdin, DataParallel(torch.device("cpu"))
    except BaseException:  # it may wait for what never comes: the next case has another one
        other.kill()
        dist.destroy_process_group()
        _started.cache_clear()
        raise


@cache
def _started() -> subprocess.Popen[str]:
    """The second process, once both are a group."""
    store = Path(tempfile.mkdtemp()) / "store"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.second_process", str(store)],
        stdin=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    _join(store, 0)
    return other


def _join(store: Path, rank: int) -> None:
    dist.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=2, timeout=timedelta(seconds=20)
    )


def main(store: Path) -> None:
    """Train each case that is told."""
    from tests.fuzz.recipes import compare

    torch.set_num_threads(1)
    _join(store, 1)
    for line in sys.stdin:
        case = json.loads(line)
        compare(case, Path(case.pop("folder")), DataParallel(torch.device("cpu")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
