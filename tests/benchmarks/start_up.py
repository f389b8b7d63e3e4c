"""What it costs to start `nnspec summary`, against imports that it needs and against torchinfo on the same network.

python tests/benchmarks/start_up.py prints CPU times (user and system, of the whole process, compiled files warm) and
their ratios. The runs of all commands are interleaved, so that a busy machine disturbs all of them alike.

The ratios are to the imports of all that the core depends on. A summary needs pydantic only where a value in a spec is
not plainly right, or for a recipe: what is imported always is told apart.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 11
SUMMARY = [sys.executable, "-m", "nnspec", "summary"]
TORCHINFO = """
import torch, torchinfo
from torch import nn

def block(inputs, width, stride):
    body = nn.Sequential(
        nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width),
    )
    skip = nn.Identity()
    if stride != 1 or inputs != 4 * width:
        skip = nn.Sequential(nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
    return body, skip

class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.body, self.skip = block(inputs, width, stride)
    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))

def stage(inputs, width, count, stride):
    rest = [Bottleneck(4 * width, width, 1) for _ in range(count - 1)]
    return nn.Sequential(Bottleneck(inputs, width, stride), *rest)

network = nn.Sequential(
    nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
    stage(64, 64, 3, 1), stage(256, 128, 4, 2), stage(512, 256, 6, 2), stage(1024, 512, 3, 2),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000),
)
assert sum(p.numel() for p in network.parameters()) == 25_557_032
torchinfo.summary(network, (1, 3, 224, 224))
"""

# The same for a network of 138 million parameters: torchinfo makes them, a spec need not.
TORCHINFO_VGG = """
import torch, torchinfo
from torch import nn

layers, inputs = [], 3
for width in (64, 64, "pool", 128, 128, "pool", *[256] * 3, "pool", *[512] * 3, "pool", *[512] * 3, "pool"):
    if width == "pool":
        layers.append(nn.MaxPool2d(2))
    else:
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
        inputs = width
network = nn.Sequential(
    *layers, nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout(),
    nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000),
)
assert sum(p.numel() for p in network.parameters()) == 138_357_544
torchinfo.summary(network, (1, 3, 224, 224))
"""

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import click, lark; from pydantic import BaseModel": [
        sys.executable, "-c", "import click, lark; from pydantic import BaseModel",
    ],
    "import click, lark": [sys.executable, "-c", "import click, lark"],
    "the same with pydantic, and one BaseModel made and used": [
        sys.executable, "-c",
        "import click, lark; from pydantic import BaseModel\nclass A(BaseModel):\n    a: int\nA(a=1)",
    ],
    "nnspec summary zoo/mnist_convnet.nn": [*SUMMARY, "zoo/mnist_convnet.nn"],
    "nnspec summary zoo/resnet.nn --model ResNet50": [*SUMMARY, "zoo/resnet.nn", "--model", "ResNet50"],
    "nnspec summary zoo/vgg.nn --model VGG16": [*SUMMARY, "zoo/vgg.nn", "--model", "VGG16"],
    "torchinfo on ResNet-50": [sys.executable, "-c", TORCHINFO],
    "torchinfo on VGG-16": [sys.executable, "-c", TORCHINFO_VGG],
}  # fmt: skip


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    """The processor time of a command, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for run in range(RUNS + 1):
            for name, command in COMMANDS.items():
                if name.startswith("torchinfo") and run > 3:
                    continue
                seconds = cpu_seconds(command, environment)
                if run:  # the first one writes the compiled files
                    times[name].append(seconds)
    base = min(times["import click, lark; from pydantic import BaseModel"])
    print(f"{'CPU milliseconds':<52}{'least':>8}{'median':>8}{'/ import':>10}{'/ torchinfo':>13}")
    for name, values in times.items():
        least, median = min(values), statistics.median(values)
        network = "VGG-16" if "VGG" in name else "ResNet-50"
        other = min(times[f"torchinfo on {network}"])
        print(f"{name:<52}{least * 1000:>8.0f}{median * 1000:>8.0f}{least / base:>10.2f}{least / other:>13.3f}")


if __name__ == "__main__":
    main()
