"""A run that goes on with another strategy and another number of processes, again and again: the curve of one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import nnspec
from tests.test_train_strategy import SPEC, curve

# strategy and processes of each epoch: three processes have shares of ten rows, and four of what is one row
STATIONS = (("fsdp", 2), (None, 1), ("ddp", 4), ("fsdp", 3), ("ddp", 2), ("fsdp", 4))


def go_on(folder: Path, epochs: int, strategy: str | None, processes: int) -> None:
    run = folder / "run"
    arguments = ["--resume", str(run)] if run.exists() else ["deep.nn", "--runs", str(folder), "--name", "run"]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if strategy else []
    spread = ["--strategy", strategy] if strategy else []
    command = [sys.executable, *launch, "-m", "nnspec", "train", *arguments, "--set", f"epochs={epochs}", *spread]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--device", "cpu", "--quiet"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_goes_on_with_any_strategy_and_number_of_processes(precision: str, tmp_path: Path) -> None:
    spec = SPEC.replace("DROPOUT", "0.0").replace("epochs     = 3", "epochs     = 6")
    wanted = f'precision  = "{precision}"\n  watch      = ["gradient_norm", "gradient_noise"]\n}}'
    spec = spec[: spec.rindex("}")] + "  " + wanted
    (tmp_path / "deep.nn").write_text(spec)
    stations = STATIONS if precision == "float32" else STATIONS[:3]
    for epoch, (strategy, processes) in enumerate(stations):
        go_on(tmp_path, epoch + 1, strategy, processes)
    alone = nnspec.loads(spec).train(runs=tmp_path, quiet=True, name="alone", device="cpu", epochs=len(stations))
    near = 1e-5 if precision == "float32" else 1e-2
    torch.testing.assert_close(curve(tmp_path / "run"), curve(alone.folder), rtol=near, atol=near)
    found, expected = load_file(tmp_path / "run/last.safetensors"), load_file(alone.last_weights)
    torch.testing.assert_close(found, expected, rtol=10 * near, atol=near)
