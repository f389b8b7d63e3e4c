"""Forward passes of generated networks against hand-written ones: `python tests/benchmarks/torch_forward.py [pairs]`.

The two are timed in turn on the same input with the same weights, in evaluation mode, by the time of the processor,
which other programs disturb less. The ratio of each pair is taken, so that a machine whose speed drifts does not favour
one of them; the networks of one kind must agree to the last bit or nearly so.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
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


class DoubleConv(nn.Module):
    """Two convolutions with their norms, as in the U-Nets that are passed around."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.double_conv(x)


class Down(nn.Module):
    """Half the size."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(in_channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Twice the size, beside what was there on the way down."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, 2, 2)
        self.conv = DoubleConv(in_channels, channels)

    def forward(self, x: torch.Tensor, encoded: torch.Tensor) -> torch.Tensor:
        x = self.up(x)
        height, width = encoded.shape[2] - x.shape[2], encoded.shape[3] - x.shape[3]
        x = F.pad(x, [width // 2, width - width // 2, height // 2, height - height // 2])
        return self.conv(torch.cat((encoded, x), dim=1))


class UNet(nn.Module):
    """Four times down and up."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = DoubleConv(3, 64)
        self.down1, self.down2, self.down3, self.down4 = Down(64, 128), Down(128, 256), Down(256, 512), Down(512, 1024)
        self.up1, self.up2, self.up3, self.up4 = Up(1024, 512), Up(512, 256), Up(256, 128), Up(128, 64)
        self.outc = nn.Sequential(OrderedDict(conv=nn.Conv2d(64, 2, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x = self.up1(self.down4(x4), x4)
        x = self.up2(x, x3)
        x = self.up3(x, x2)
        return self.outc(self.up4(x, x1))


class Transposed(nn.Module):
    """The linear layer of GPT-2, with its weight the other way round."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.empty(in_features, out_features)),
            nn.Parameter(torch.empty(out_features)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight.T, self.bias)


class Block(nn.Module):
    """A layer of GPT-2."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.ModuleDict({"c_attn": Transposed(width, 3 * width), "c_proj": Transposed(width, width)})
        self.mlp = nn.ModuleDict({"c_fc": Transposed(width, 4 * width), "c_proj": Transposed(4 * width, width)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, d = x.shape
        parts = self.attn["c_attn"](self.ln_1(x)).split(d, dim=2)
        query, key, value = (part.view(n, t, self.heads, d // self.heads).transpose(1, 2) for part in parts)
        y = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.attn["c_proj"](y.transpose(1, 2).reshape(n, t, d))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    """GPT-2 of 124 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(50257, 768),
                "wpe": nn.Embedding(1024, 768),
                "h": nn.ModuleList([Block(768, 12) for _ in range(12)]),
                "ln_f": nn.LayerNorm(768),
            }
        )
        self.lm_head = nn.Linear(768, 50257, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.transformer["wte"](tokens) + self.transformer["wpe"](places)
        for block in self.transformer["h"]:
            x = block(x)
        return self.lm_head(self.transformer["ln_f"](x))


CASES: dict[str, tuple[tuple[str, str], type[nn.Module], Callable[[], torch.Tensor]]] = {
    "ResNet-50, 1 x 3 x 224 x 224": (("resnet", "ResNet50"), ResNet50, lambda: torch.randn(1, 3, 224, 224)),
    "U-Net, 1 x 3 x 96 x 96": (("unet", "UNet"), UNet, lambda: torch.randn(1, 3, 96, 96)),
    "GPT-2, 1 x 64 tokens": (("gpt2", "GPT2"), GPT2, lambda: torch.randint(0, 50257, (1, 64))),
}


def compare(title: str, pairs: int) -> None:
    """Print the times of one network, and the ratio."""
    (file, model), cls, example = CASES[title]
    generated = nnspec.load(SPECS / f"{file}.nn", model).to_torch().eval()
    written = cls().eval()
    written.load_state_dict(generated.state_dict())
    given = example()
    times: dict[str, list[float]] = {"generated": [], "hand-written": []}
    with torch.inference_mode():
        torch.testing.assert_close(generated(given), written(given))
        for index in range(pairs + 2):
            order = [("generated", generated), ("hand-written", written)]
            for name, module in order if index % 2 else reversed(order):
                start = time.process_time()
                module(given)
                times[name].append(time.process_time() - start)
    times = {name: values[2:] for name, values in times.items()}
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    print(f"{title}, {torch.get_num_threads()} threads, {pairs} pairs")
    for name, values in times.items():
        print(f"  {name:<13} median {1e3 * statistics.median(values):7.1f} ms   min {1e3 * min(values):7.1f} ms")
    low, high = min(ratios), max(ratios)
    print(f"  ratio         median {statistics.median(ratios):7.3f}      from {low:.3f} to {high:.3f}")


def main(pairs: int = 15) -> None:
    """Compare all networks."""
    for title in CASES:
        compare(title, pairs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
