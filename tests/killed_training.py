"""Trains a spec again and again, killing the process that does: `killed_training.py SPEC RUNS KILLS
[ARGUMENT ...]`, with further arguments of `nnspec train`.

Each training is a fork, which has nothing to import, and dies by SIGKILL, in turn

* `moment`: after a random time;
* `event`: by its own hand, when it opens, makes, renames or removes a file in its folder, after a random number of times;
* `write`: when, after a random time, a file in its folder has not taken its place.

What is left is gone on with by `nnspec train --resume`. A run that came to its end is followed by another. When there
were as many kills as wanted, the last run is let come to its end. Run as a script: no thread of the tests may be alive
when it forks.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nnspec.train.epochs
import nnspec.train.run
from nnspec.cli.main import main
from nnspec.manifest import MANIFEST

WAYS = ("moment", "event", "moment", "write")
MORE = sys.argv[4:]  # arguments of each training
EVENTS = 100  # in a folder, in about half of a short run


def train(spec: Path, folder: Path) -> None:
    """Train, or go on with what there is; by workers, the state is written many times within an epoch."""
    if MORE:
        nnspec.train.epochs.SAVED_EVERY = 0.2
    if (folder / MANIFEST).exists():
        arguments = ["--resume", str(folder)]
    else:
        arguments = [str(spec), "--runs", str(folder.parent), "--name", folder.name]
    main(["train", "--quiet", *arguments, *MORE], standalone_mode=False)


def forked(action: Callable[[], None]) -> int:
    """The process id of a child that does this."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException as error:
            print(f"a training failed: {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return child


def killed(child: int, wanted: Callable[[], bool]) -> bool:
    """Wait for a child to end, killing it as soon as that is wanted; whether it was killed."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if wanted():
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.0002)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        sys.exit(1)
    return code != 0


def die_at(event: int, folder: Path) -> None:
    """Kill this process at its so manieth event of the file system in a folder."""
    seen = 0

    def count(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if name != "os.kill" and name.startswith(("open", "os.")) and str(folder) in str(arguments):
            seen += 1
            if seen == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def once(how: str, spec: Path, folder: Path, chance: random.Random, longest: float) -> bool:
    """Train until it is killed, or to the end; whether it was killed."""
    event, moment = chance.randrange(1, EVENTS), time.monotonic() + chance.uniform(0, longest)
    if how == "event":
        return killed(forked(lambda: (die_at(event, folder), train(spec, folder))[1]), lambda: False)
    in_write = how == "write"
    wanted = lambda: time.monotonic() > moment and (not in_write or any(folder.glob(".unfinished/*")))  # noqa: E731
    return killed(forked(lambda: train(spec, folder)), wanted)


def run(spec: Path, runs: Path, kills: int) -> None:
    """Kill so many trainings, and let the last one come to its end."""
    chance, number = random.Random(0), 1
    train(spec, runs / "whole")  # in this process: forks need not import what it has imported
    began = time.monotonic()
    killed(forked(lambda: train(spec, runs / "again")), lambda: False)
    longest = time.monotonic() - began
    for kill in range(kills):
        while not once(WAYS[kill % len(WAYS)], spec, runs / str(number), chance, longest):
            number += 1
    killed(forked(lambda: train(spec, runs / str(number))), lambda: False)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
