"""Importing from PyTorch: the text reads as its author would have written it, and is the module: keys, counts, results."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from torch import nn

import nnspec
from nnspec.cli.main import main


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, image):  # type: ignore[no-untyped-def]
        x = F.max_pool2d(F.relu(self.conv1(image)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits = self.fc3(x)
        return logits  # noqa: RET504 - its name becomes that of the output


LENET = """\
# LeNet, as PyTorch has it: 61,706 parameters.
model LeNet {
  input image: float[N, 1, 28, 28]
  conv1: Conv2d(6, 5, padding = 2) -> ReLU -> MaxPool2d(2)
  conv2: Conv2d(16, 5) -> ReLU -> MaxPool2d(2) -> Flatten
  fc1: Linear(120) -> ReLU
  fc2: Linear(84) -> ReLU
  output logits = fc3: Linear(10)
}
"""


def test_a_stack_of_layers_reads_as_one() -> None:
    assert nnspec.from_torch(LeNet(), torch.rand(2, 1, 28, 28), dynamic={"image": "N 1 28 28"}).text == LENET


def test_the_weights_of_the_original_load_without_renaming_and_the_original_is_left_as_it_was() -> None:
    module = LeNet().train()
    model = nnspec.from_torch(module, {"image": torch.rand(1, 1, 28, 28)}, dynamic={"image": "N 1 28 28"})
    network = model.to_torch()
    network.load_state_dict(module.state_dict())
    image = torch.rand(5, 1, 28, 28)
    assert module.training
    torch.testing.assert_close(network(image), module(image))


def test_the_command_writes_a_spec_for_a_module_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tower_net.py").write_text(
        "from torch import nn\n\ndef build():\n    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))\n"
    )
    arguments = [
        "import",
        "torch",
        "tower_net:build",
        "--input",
        "input=2x4",
        "--dynamic",
        "input=N 4",
        "--name",
        "Tower",
    ]
    result = CliRunner().invoke(main, [*arguments, "-o", "tower.nn"])
    assert result.output == "tower.nn: Tower, 67 parameters\n"
    assert nnspec.load("tower.nn").summary().parameters == 67
