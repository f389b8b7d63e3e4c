"""Steps per second of `Model.train` beside other loops: `python tests/benchmarks/training.py [ROUNDS [NETWORK ...]]`.

Every loop trains the same module from the start, on the same random data in memory, with the same optimizer and batch;
the second of two epochs is timed. The loops of a round follow each other closely, in any order, and each is divided by
the hand-written loop of its round, so that a machine whose speed drifts favours none. The clock is the processor's time
of this process, which other work on the machine disturbs least; NNSPEC_CLOCK=wall takes the clock on the wall. What is
not installed (Lightning, accelerate, Keras) is named and left out.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import torch
from training_loops import LOOPS, Loop, find_missing
from training_networks import NETWORKS, Network

BASE = "hand-written"


def measure(network: Network, loops: dict[str, Loop], rounds: int) -> dict[str, list[float]]:
    """Seconds a step of each loop, one of each round."""
    times: dict[str, list[float]] = {name: [] for name in loops}
    names = list(loops)
    with tempfile.TemporaryDirectory() as place:
        data = network.write(Path(place))
        for index in range(rounds):
            for name in random.Random(index).sample(names, len(names)):
                torch.manual_seed(0)
                times[name].append(loops[name](network, data) / network.steps)
    return times


def show(network: Network, times: dict[str, list[float]]) -> None:
    """A line for each loop: its median and least time, and the hand-written loop's speed as one."""
    print(f"{network.name}, batch {network.batch}, {network.steps} steps an epoch")
    for name, values in times.items():
        ratios = sorted(base / own for base, own in zip(times[BASE], values, strict=True))
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        step = f"{1e3 * statistics.median(values):9.3f} ms a step, least {1e3 * min(values):9.3f}"
        print(f"  {name:<24}{step}   speed {statistics.median(ratios):6.3f}   middle half {low:.3f} to {high:.3f}")


def main(rounds: int = 9, *chosen: str) -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    missing = find_missing()
    if missing:
        print(f"not installed, left out: {', '.join(missing)}")
    loops = {name: loop for name, loop in LOOPS.items() if name not in missing}
    print(f"{torch.get_num_threads()} threads, {rounds} rounds, {os.environ.get('NNSPEC_CLOCK', 'processor')} time")
    for network in NETWORKS:
        if not chosen or network.name in chosen:
            show(network, measure(network, loops, rounds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
