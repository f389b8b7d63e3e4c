"""The time to draw models: `python tests/benchmarks/drawing.py [rounds]`.

Each is read once, then drawn as SVG in turns with the others; the median of the rounds is shown, and the median ratio to
GPT-2 within a round. A repeat is one box, so that GPT-3 costs what GPT-2 does.
"""

from __future__ import annotations

import statistics
import sys
import time

import nnspec

MODELS = ("gpt2", "gpt3", "lenet5", "resnet152", "inception_v4", "unet", "transformer", "ddpm", "stable_diffusion")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    models = {name: nnspec.load(name) for name in MODELS}
    times: dict[str, list[float]] = {name: [] for name in MODELS}
    for _ in range(rounds):
        for name, model in models.items():
            start = time.perf_counter()
            model.draw().svg()
            times[name].append(time.perf_counter() - start)
    for name, found in times.items():
        ratio = statistics.median(own / other for own, other in zip(found, times["gpt2"], strict=True))
        print(f"{name:<18}{1000 * statistics.median(found):8.1f} ms  {ratio:6.2f}")


if __name__ == "__main__":
    main()
