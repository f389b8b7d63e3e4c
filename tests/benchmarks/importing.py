"""The time of importing ResNet-50, beside that of `torch.export` alone: python -m tests.benchmarks.importing.

Seconds of the processor, alternating, so that both see the same machine; the ratio is that of the least times, and of
the medians.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

import torch

import nnspec
from tests.published import resnet

ROUNDS = 5


def main() -> None:
    """Print the times and their ratio."""
    warnings.simplefilter("ignore")
    module, image = resnet.ResNet().eval(), torch.rand(2, 3, 224, 224)
    shapes = {"image": {0: torch.export.Dim.AUTO}}
    times: dict[str, list[float]] = {"torch.export": [], "not compared": [], "imported and compared": []}

    def measured(what: str, call: Callable[[], object]) -> None:
        start = time.process_time()
        call()
        times[what].append(time.process_time() - start)

    def exported() -> None:
        with torch.no_grad():
            torch.export.export(module, (image,), dynamic_shapes=shapes, strict=False)

    for number in range(ROUNDS + 1):
        if number == 1:  # the first has imports in it
            times = {what: [] for what in times}
        measured("torch.export", exported)
        for what, compare in (("not compared", False), ("imported and compared", True)):
            measured(what, lambda: nnspec.from_torch(module, image, dynamic={"image": "N 3 224 224"}, compare=compare))  # noqa: B023
    least, middle = min(times["torch.export"]), statistics.median(times["torch.export"])
    for what, each in times.items():
        ratios = f"{min(each) / least:.2f} and {statistics.median(each) / middle:.2f} times torch.export"
        print(f"{what:24} least {min(each):.2f} s, median {statistics.median(each):.2f} s: {ratios}")


if __name__ == "__main__":
    main()
