"""Forward pass of the generated ResNet-50 against a hand-written one: `python tests/benchmarks/torch_forward.py`.

The two are timed in turn on the same input with the same weights, in evaluation mode, and the ratio of each pair is
taken, so that a machine whose speed drifts does not favour one of them.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn

import nnspec

SPECS = Path(__file__).parents[2] / "specs"


class Bottleneck(nn.Module):
    """As in He et al. 2016, with the stride in the 3x3 convolution."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU()
        self.downsample = None
        if stride != 1 or in_channels != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        return self.relu(out + identity)


class ResNet50(nn.Module):
    """The network that everybody writes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._stage(64, 64, 3, 1)
        self.layer2 = self._stage(256, 128, 4, 2)
        self.layer3 = self._stage(512, 256, 6, 2)
        self.layer4 = self._stage(1024, 512, 3, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, 1000)

    def _stage(self, in_channels: int, width: int, blocks: int, stride: int) -> nn.Sequential:
        rest = [Bottleneck(4 * width, width) for _ in range(blocks - 1)]
        return nn.Sequential(Bottleneck(in_channels, width, stride), *rest)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def main(pairs: int = 15) -> None:
    """Print the times and the ratio."""
    generated = nnspec.load(SPECS / "resnet.nn", "ResNet50").to_torch().eval()
    written = ResNet50().eval()
    written.load_state_dict(generated.state_dict())
    image = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(generated(image), written(image))
        for module in (generated, written):
            for _ in range(3):
                module(image)
        times: dict[str, list[float]] = {"generated": [], "hand-written": []}
        for index in range(pairs):
            order = [("generated", generated), ("hand-written", written)]
            for name, module in order if index % 2 else reversed(order):
                start = time.perf_counter()
                module(image)
                times[name].append(time.perf_counter() - start)
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    print(f"ResNet-50, batch 1, 224x224, {torch.get_num_threads()} threads, {pairs} pairs")
    for name, values in times.items():
        print(f"  {name:<13} median {1e3 * statistics.median(values):7.1f} ms   min {1e3 * min(values):7.1f} ms")
    low, high = min(ratios), max(ratios)
    print(f"  ratio         median {statistics.median(ratios):7.3f}      from {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
