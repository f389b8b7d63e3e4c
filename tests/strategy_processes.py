"""What `test_train_strategy.py` has two processes do: `torchrun --nproc-per-node 2 tests/strategy_processes.py FOLDER`.

The folder has `still.nn`, `random.nn`, which draws random numbers, and `networks.nn`, which trains two. The first process writes `results.json` there.
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
from nnspec.cli.main import main as nnspec_command
from nnspec.train.loop import Loop

RANK = int(os.environ["RANK"])
STOPPED_AT = (1, 3)  # epoch and step
step = Loop._step


def train(spec: str, folder: Path, name: str, strategy: str) -> Any:
    """A run of the spec."""
    return nnspec.loads(spec).train(runs=folder, name=name, quiet=True, strategy=strategy)


def resumed_is_whole(spec: str, folder: Path, strategy: str) -> bool:
    """Whether a run that one process is asked to stop ends, when it is resumed, at the bits of one that was not."""
    whole = train(spec, folder, f"{strategy}-whole", strategy)

    def stops(loop: Loop, order: torch.Tensor) -> None:
        if RANK == 1 and (loop.position.epoch, loop.position.step) == STOPPED_AT:
            os.kill(os.getpid(), signal.SIGTERM)
        step(loop, order)

    with patch.object(Loop, "_step", stops):
        part = train(spec, folder, f"{strategy}-part", strategy)
    assert len(part.history) == STOPPED_AT[0]
    again = nnspec.resume(part.folder, strategy=strategy, quiet=True)
    found, expected = load_file(again.last_weights), load_file(whole.last_weights)
    return all(torch.equal(found[name], expected[name]) for name in expected)


def refusal(spec: str, folder: Path, strategy: str) -> str:
    """What is said of a spec that cannot be trained so."""
    try:
        train(spec, folder, "refused", strategy)
    except nnspec.SpecError as error:
        return f"{error.diagnostics[0].code} {error.diagnostics[0].message}"
    return "nothing"


def fails(spec: str, folder: Path) -> None:
    """One process fails in the middle of an epoch."""

    def breaks(loop: Loop, order: torch.Tensor) -> None:
        if RANK == 1 and (loop.position.epoch, loop.position.step) == STOPPED_AT:
            raise RuntimeError("no memory left")
        step(loop, order)

    with patch.object(Loop, "_step", breaks):
        print(f"rank {RANK}: {refusal(spec, folder, 'ddp')}", flush=True)
    sys.exit(1)


def main(still: str, random: str, networks: str, folder: Path) -> None:
    """All of it."""
    results: dict[str, Any] = {}
    for strategy in ("ddp", "fsdp"):
        options = ["--runs", str(folder), "--name", strategy, "--strategy", strategy]
        nnspec_command(["train", str(folder / "still.nn"), *options], standalone_mode=False)
        results[f"{strategy} goes on"] = resumed_is_whole(random, folder, strategy)
        nnspec.loads(still).train(runs=folder, name=f"{strategy}-half", quiet=True, strategy=strategy, epochs=1)
    train(networks, folder, "networks", "ddp")
    results["norms"] = refusal(still.replace("LayerNorm", "BatchNorm1d"), folder, "ddp")
    results["single number"] = refusal(still.replace("  output", "  scale = Parameter([])\n  output"), folder, "fsdp")
    results["networks"] = refusal(networks, folder, "fsdp")
    results["whole weights"] = refusal(still.replace("AdamW(lr = 3e-3)", "Muon"), folder, "fsdp")
    if RANK == 0:
        (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    place = Path(sys.argv[1])
    texts = [(place / name).read_text() for name in ("still.nn", "random.nn", "networks.nn")]
    if sys.argv[2:] == ["fails"]:
        fails(texts[0], place)
    main(*texts, place)
