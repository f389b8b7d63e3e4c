"""Data beyond memory beside what can be had by hand: `python tests/benchmarks/loading.py FOLDER [WORKERS [PICTURES]]`.

In FOLDER 2,000 pictures of 224 x 224 are made and linked to as many as are wanted (200,000), and a text of 1 GB is
written; they stay for the next time. Printed are

* `decoding`: the loader's pictures a second by those of as many processes that do nothing but decode the same files,
  by the clock, and by what all of its processes compute, which others who work beside disturb less;
* `training`: those of `Model.train` by those of a careful Dataset, DataLoader and loop over the same files;
* `memory`: the proportional memory of all processes in training, of all pictures and of a tenth of them, and of two
  processes of DDP by one;
* `first step`: seconds from the start of `nnspec train` to its first step;
* `text`: tokens a second by those of slices of a memory-mapped file, as nanoGPT reads them.

Rounds follow each other closely and a figure is the median of their ratios, so that a machine whose speed drifts favours
none. The clock is that on the wall: several processes work.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset

import nnspec
from nnspec.train.data.dataset import Frame
from nnspec.train.data.pictures import read_pictures
from nnspec.train.data.tokens import token_file
from nnspec.train.loader import Loader
from nnspec.train.order import Order
from nnspec.train.supply import Supply

MADE, SIDE, CLASSES, BATCH = 2_000, 224, 10, 64
ROUNDS, STEPS = 5, 30
TEXT = 1 << 30
SPEC = """
model Small {
  input image: float[N, 3, 224, 224]
  Conv2d(8, 7, stride = 8) -> ReLU -> AdaptiveAvgPool2d(4) -> Flatten
  output logits = Linear(10)
}
train {
  data      = images("pictures")
  loss      = cross_entropy(logits, label)
  optimizer = SGD(lr = 0.01)
  batch     = 64
  epochs    = 1
}
"""


def make_pictures(folder: Path, count: int) -> Path:
    """A folder of so many pictures, which are links to a few."""
    made, root = folder / "made", folder / f"pictures-{count}"
    if not made.is_dir():
        made.mkdir(parents=True)
        draws = np.random.default_rng(0)
        for number in range(MADE):
            coarse = Image.fromarray(draws.integers(0, 255, (14, 14, 3), dtype=np.uint8)).resize((SIDE, SIDE))
            pixels = np.asarray(coarse, np.int16) + draws.integers(-12, 12, (SIDE, SIDE, 3), dtype=np.int16)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(made / f"{number}.jpg", quality=85)
    if not root.is_dir():
        for label in range(CLASSES):
            (root / f"class{label}").mkdir(parents=True)
        for number in range(count):
            os.link(made / f"{number % MADE}.jpg", root / f"class{number % CLASSES}" / f"{number:07}.jpg")
    return root


class ByHand(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """What a careful engineer writes: bytes of a whole batch, in a tensor that is made once."""

    def __init__(self, root: Path) -> None:
        self.files = sorted(str(path) for path in root.glob("*/*.jpg"))
        names = sorted(path.name for path in root.iterdir())
        self.labels = torch.tensor([names.index(Path(path).parent.name) for path in self.files])

    def __len__(self) -> int:
        return len(self.files)

    def __getitems__(self, indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        made = np.empty((len(indices), SIDE, SIDE, 3), np.uint8)
        for row, index in enumerate(indices):
            with Image.open(self.files[index]) as picture:
                made[row] = np.asarray(picture.convert("RGB"))
        return torch.from_numpy(made), self.labels[indices]


def by_hand(root: Path, workers: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Its batches."""
    made = ByHand(root)
    return iter(DataLoader(made, BATCH, shuffle=True, num_workers=workers, collate_fn=lambda batch: batch))


def rate(batches: Iterator[object], step: Callable[[object], object] = lambda batch: None) -> float:
    """Pictures a second, after the first batches."""
    for _ in range(4):
        step(next(batches))
    began = time.perf_counter()
    for _ in range(STEPS):
        step(next(batches))
    return STEPS * BATCH / (time.perf_counter() - began)


def ours(root: Path, workers: int) -> Iterator[object]:
    """The loader's batches, without what is computed of them."""
    samples = read_pictures(root, Frame(3, SIDE, SIDE), None).samples
    order = Order(len(samples), BATCH, 0)
    loader = Loader(samples, [np.arange(len(samples))], Supply(workers=workers), None, set())
    yield from loader.rows((0, order.samples(0, step, step + 1)) for step in range(len(order.sizes)))
    loader.close()


DECODE = """
import glob, sys, time
import numpy as np
from PIL import Image
paths = sorted(glob.glob(sys.argv[1] + "/*/*.jpg"))
chosen = np.random.default_rng(int(sys.argv[2])).integers(len(paths), size=1 << 20)
files = (paths[number] for number in chosen.tolist())
def decode(count):
    for _ in range(count):
        with Image.open(next(files)) as picture:
            np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))
decode(50)
print(flush=True)
for line in sys.stdin:
    decode(int(line))
    print(flush=True)
"""


class Decoding:
    """Processes that decode the same files in an order of their own, and throw them away: the limit."""

    def __init__(self, root: Path, workers: int) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", DECODE, str(root), str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(max(1, workers))
        ]
        self._wait()

    def run(self, count: int) -> None:
        """Decode as many pictures."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{count // len(self.processes)}\n")
            process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        for process in self.processes:
            assert process.stdout is not None
            process.stdout.readline()

    def close(self) -> None:
        """End them."""
        for process in self.processes:
            process.kill()
            process.wait()


def processor(processes: list[int]) -> float:
    """The seconds that processes have computed."""
    tasks = [task for each in processes for task in Path(f"/proc/{each}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def loading(root: Path, workers: int) -> tuple[list[float], list[float]]:
    """Of rounds that follow each other: the loader's pictures by those of decoding, a second, and a processor second.

    The second is what the first would be on a machine that does nothing else. The loader's processes are its workers and
    the one that they work for; between the rounds all wait, the workers for requests, with batches ahead.
    """
    limit = Decoding(root, workers)
    batches = ours(root, workers)
    for _ in range(4 + 2 * workers):
        next(batches)
    own = [os.getpid(), *map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())]
    decoding = [each.pid for each in limit.processes]
    loading = [each for each in own if each not in decoding]
    clock: list[float] = []
    computed: list[float] = []
    ahead = 2 * workers
    for _ in range(ROUNDS):
        spent: list[tuple[float, float]] = []
        for processes in (loading, decoding):
            before = processor(processes)
            if processes is decoding:
                began = time.perf_counter()
                limit.run((ahead + STEPS) * BATCH)
                taken = (time.perf_counter() - began) * STEPS / (ahead + STEPS)
            else:
                for _ in range(ahead):  # which are there already
                    next(batches)
                began = time.perf_counter()
                for _ in range(STEPS):
                    next(batches)
                taken = time.perf_counter() - began
                time.sleep(1)  # as many are made again
            spent.append((taken, processor(processes) - before))
        clock.append(spent[1][0] / spent[0][0])
        computed.append(spent[1][1] / spent[0][1])
    limit.close()
    batches.close()  # type: ignore[attr-defined]
    return clock, computed


def trained_by_hand(root: Path, workers: int) -> float:
    """Pictures a second of the hand-written loop."""
    module = nnspec.loads(SPEC).to_torch().train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)

    def step(batch: object) -> None:
        pictures, labels = batch  # type: ignore[misc]
        given = (
            pictures.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format) / 255 - 0.5
        ) / 0.2
        optimizer.zero_grad()
        F.cross_entropy(module(given), labels).backward()
        optimizer.step()

    return rate(by_hand(root, workers), step)


class Enough(Exception):
    """There were steps enough."""


def trained(root: Path, workers: int) -> float:
    """Pictures a second of `Model.train`."""
    from nnspec.train.loop import Loop

    times, own = [], Loop._step

    def step(self: Loop, batch: object) -> None:
        own(self, batch)  # type: ignore[arg-type]
        times.append(time.perf_counter())
        if len(times) == 4 + STEPS:
            raise Enough

    Loop._step = step  # type: ignore[method-assign, assignment]
    try:
        with tempfile.TemporaryDirectory() as place:
            nnspec.loads(SPEC).train(runs=place, data=f'images("{root}")', workers=workers, quiet=True)
    except Enough:
        pass
    finally:
        Loop._step = own  # type: ignore[method-assign]
    return STEPS * BATCH / (times[-1] - times[3])


def watched(folder: Path, root: Path, workers: int, processes: int = 1) -> tuple[float, float]:
    """Seconds to the first step of `nnspec train`, and the greatest memory of all its processes in MB, in 60 steps.

    That of torchrun itself, which imports PyTorch to start several, does not count.
    """
    spec = folder / "model.nn"
    spec.write_text(SPEC)
    program = folder / "watched.py"
    program.write_text(
        "import os, sys, time\nfrom nnspec.cli.main import main\nimport nnspec.train.loop as loop\n"
        "own = loop.Loop._step\ndef step(self, batch):\n    own(self, batch)\n"
        "    if self.position.step in (1, 60): print('step', self.position.step, flush=True)\n"
        "loop.Loop._step = step\nmain()\n"
    )
    start = [sys.executable]
    if processes > 1:
        start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    strategy = ["--strategy", "ddp"] if processes > 1 else []
    with tempfile.TemporaryDirectory() as runs:
        began, first, most = time.perf_counter(), 0.0, 0.0
        arguments = ["train", str(spec), "--set", f'data=images("{root}")', "--runs", runs, "--workers", str(workers)]
        process = subprocess.Popen([*start, str(program), *arguments, *strategy], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step"):
                first = first or time.perf_counter() - began
                most = max(most, sum(map(memory, children(process.pid) if processes > 1 else [process.pid])))
            if line.startswith("step 60"):
                break
        process.terminate()
        process.wait()
    return first, most


def children(process: int) -> list[int]:
    """The processes that a process started."""
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def memory(process: int) -> float:
    """The proportional memory of a process and all behind it, in MB."""
    found = Path(f"/proc/{process}/smaps_rollup").read_text()
    own = next(int(line.split()[1]) for line in found.splitlines() if line.startswith("Pss:")) / 1024
    return own + sum(map(memory, children(process)))


def make_text(folder: Path) -> Path:
    """A text of 1 GB."""
    path = folder / "text.txt"
    if not path.is_file():
        draws = np.random.default_rng(0)
        with path.open("wb") as file:
            for _ in range(TEXT // (1 << 24)):
                file.write(draws.choice(np.frombuffer(b"abcdefghij klmnop\n", np.uint8), 1 << 24).tobytes())
    return path


def texts(folder: Path) -> tuple[float, float]:
    """Batches of windows a second: ours, and slices of a memory-mapped file."""
    samples = token_file(make_text(folder), 256, None, "", None, Supply(beside=folder), None)
    order = Order(len(samples), BATCH, 0)
    form = samples.forms["tokens"]

    def own(step: int) -> None:
        rows = samples.rows(order.samples(0, step, step + 1))
        _ = form.open(rows["tokens"]), form.open(rows["next"])

    def slices(step: int) -> None:
        data = np.memmap(samples.path, samples.views["tokens"].dtype, "r")
        places = torch.randint(len(data) - 256, (BATCH,))
        _ = torch.stack([torch.from_numpy(data[place : place + 256].astype(np.int64)) for place in places])
        _ = torch.stack([torch.from_numpy(data[place + 1 : place + 257].astype(np.int64)) for place in places])

    found = []
    for step in (own, slices):
        began = time.perf_counter()
        for number in range(500):
            step(number)
        found.append(500 * BATCH * 256 / (time.perf_counter() - began))
    return found[0], found[1]


def show(name: str, ratios: list[float]) -> None:
    """A line: the median ratio, and the least and the greatest."""
    print(f"{name:<24}{statistics.median(ratios):6.3f}   {min(ratios):.3f} to {max(ratios):.3f}", flush=True)


def main(folder: Path, workers: int = 2, count: int = 200_000) -> None:
    """Measure and print."""
    root, tenth = make_pictures(folder, count), make_pictures(folder, count // 10)
    print(f"{workers} workers, {count:,} pictures, {ROUNDS} rounds")
    clock, computed = loading(root, workers)
    show("decoding", clock)
    show("decoding, computed", computed)
    show("training", [trained(root, workers) / trained_by_hand(root, workers) for _ in range(ROUNDS)])
    (first, whole), (_, part) = watched(folder, root, workers), watched(folder, tenth, workers)
    print(f"{'first step':<24}{first:6.1f} s")
    print(f"{'memory':<24}{whole:6.0f} MB, {whole / part:.3f} of that of a tenth")
    _, two = watched(folder, root, workers, processes=2)
    print(f"{'two processes':<24}{two:6.0f} MB, each {two / 2 / whole:.3f} of one")
    show("text", [own / slices for own, slices in (texts(folder) for _ in range(ROUNDS))])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
