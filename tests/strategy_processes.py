"""What `test_train_strategy.py` has two processes do: `torchrun --nproc-per-node 2 tests/strategy_processes.py SPEC FOLDER`.

The first process writes what came out to FOLDER/results.json.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from safetensors.torch import load_file

import nnspec
from nnspec.train.loop import Loop

RANK = int(os.environ["RANK"])
STOPPED_AT = (1, 3)  # epoch and step
step = Loop._step


def train(spec: str, folder: Path, name: str, **options: Any) -> Any:
    """A run of the spec."""
    return nnspec.loads(spec).train(runs=folder, name=name, quiet=True, **options)


def resumed_is_whole(spec: str, folder: Path, strategy: str) -> bool:
    """Whether a run that one process is asked to stop ends, when it is resumed, at the bits of one that was not."""
    whole = train(spec, folder, f"{strategy}-whole", strategy=strategy)

    def stops(loop: Loop, order: torch.Tensor) -> None:
        if RANK == 1 and (loop.position.epoch, loop.position.step) == STOPPED_AT:
            os.kill(os.getpid(), signal.SIGTERM)
        step(loop, order)

    with patch.object(Loop, "_step", stops):
        part = train(spec, folder, f"{strategy}-part", strategy=strategy)
    assert len(part.history) == STOPPED_AT[0]
    again = nnspec.resume(part.folder, strategy=strategy, quiet=True)
    found, expected = load_file(again.last_weights), load_file(whole.last_weights)
    return all(torch.equal(found[name], expected[name]) for name in expected)


def refusal(spec: str, folder: Path, strategy: str) -> str:
    """What is said of a spec that cannot be trained so."""
    try:
        train(spec, folder, "refused", strategy=strategy)
    except nnspec.SpecError as error:
        return f"{error.diagnostics[0].code} {error.diagnostics[0].message}"
    return "nothing"


def main(spec: str, folder: Path) -> None:
    """All of it."""
    results: dict[str, Any] = {}
    for strategy in ("ddp", "fsdp"):
        results[f"{strategy} goes on"] = resumed_is_whole(spec, folder, strategy)
    results["norms"] = refusal(spec.replace("LayerNorm", "BatchNorm1d"), folder, "ddp")
    results["single number"] = refusal(spec.replace("  output", "  scale = Parameter([])\n  output"), folder, "fsdp")
    if RANK == 0:
        (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text(), Path(sys.argv[2]))
