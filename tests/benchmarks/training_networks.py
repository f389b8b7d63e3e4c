"""The networks and the data of `training.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nnspec

RATE = 1e-4  # of Adam: so small that no loop runs into numbers that are not finite


@dataclass(frozen=True)
class Network:
    """A model, data of its kind, and how it is trained."""

    name: str
    spec: str
    shape: tuple[int, ...]  # of one sample
    classes: int
    batch: int
    steps: int  # an epoch
    sequence: bool = False  # tokens in, a class for each of them out

    @property
    def model(self) -> nnspec.Model:
        """The model and its recipe."""
        scores = "logits -> Transpose(1, 2)" if self.sequence else "logits"
        recipe = f"""
train {{
  scores    = {scores}
  loss      = cross_entropy(scores, label)
  optimizer = Adam(lr = {RATE})
  normalize = false
  epochs    = 2
  batch     = {self.batch}
  split     = {1 / (self.steps + 1)!r}
}}
"""
        return nnspec.loads(self.spec + recipe)

    def write(self, folder: Path) -> Path:
        """A file of random data: a whole number of batches, and one more that is held out."""
        count = self.batch * (self.steps + 1)
        random = np.random.default_rng(0)
        if self.sequence:
            given = random.integers(self.classes, size=(count, *self.shape))
            label = random.integers(self.classes, size=(count, *self.shape))
        else:
            given = random.random((count, *self.shape), dtype=np.float32)
            label = random.integers(self.classes, size=count)
        path = folder / "data.npz"
        np.savez(path, **{self.model.program.main.inputs[0].name: given, "label": label})
        return path

    def tensors(self, data: Path) -> tuple[Tensor, Tensor]:
        """What is trained on: samples, labels."""
        with np.load(data) as arrays:
            given, label = (torch.from_numpy(arrays[name])[self.batch :] for name in arrays.files)
        return given, label

    def loss(self, result: Tensor, label: Tensor) -> Tensor:
        """The loss as one writes it."""
        return F.cross_entropy(result.transpose(1, 2) if self.sequence else result, label)

    def build(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The module with new weights, and its optimizer."""
        module = self.model.to_torch().train()
        return module, torch.optim.Adam(module.parameters(), lr=RATE, fused=True)


PERCEPTRON = """
model Perceptron(classes = 10) {
  input features: float[N, 784]
  Linear(128) -> ReLU
  output logits = Linear(classes)
}
"""
TINY = """
model Tiny(classes = 3) {
  input features: float[N, 4]
  Linear(16) -> ReLU
  output logits = Linear(classes)
}
"""
CONVNET = 'import MnistConvNet from "zoo/mnist_convnet.nn"\nmodel Small = MnistConvNet()\n'
RESNET = """
import ResNet, BasicBlock from "zoo/resnet.nn"
model Small = ResNet(BasicBlock, [2, 2, 2, 2], classes = 10, H = 32, W = 32)
"""
GPT = """
import GPT2 from "zoo/gpt2.nn"
model Characters = GPT2(layers = 4, width = 64, heads = 4, vocab = 96, context = 64, dropout = 0.0)
"""

NETWORKS = (
    Network("tiny", TINY, (4,), 3, 64, 400),
    Network("perceptron", PERCEPTRON, (784,), 10, 256, 100),
    Network("convnet", CONVNET, (1, 28, 28), 10, 64, 20),
    Network("gpt", GPT, (64,), 96, 32, 12, sequence=True),
    Network("resnet18", RESNET, (3, 32, 32), 10, 32, 5),
)
