"""Code that reaches into modules: their steps applied, and their weights read, from outside."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nnspec
from nnspec.importing.assemble import Assembled, assembled
from nnspec.importing.network import Network


class Language(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.norm = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.norm(x)


class Pictured(nn.Module):
    """The table of a model inside is applied outside of it, as where pictures are put among the words."""

    def __init__(self) -> None:
        super().__init__()
        self.language = Language()
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.language.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.language(self.language.embed(tokens)))


class Inside(nn.Module):
    """So is a layer of a container, in a block."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tower = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
            self.embed = nn.Embedding(10, 4)

        def forward(self, tokens: Tensor) -> Tensor:
            return self.tower(self.tower[0](self.embed(tokens)))

    def __init__(self) -> None:
        super().__init__()
        self.block = self.Block()
        self.last = nn.Linear(4, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.last(self.block(tokens))


class Decoding(nn.Module):
    """The weight of a layer undoes it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.encode = nn.Linear(4, 6)

    def forward(self, tokens: Tensor) -> Tensor:
        return F.linear(F.linear(self.encode(self.embed(tokens)), self.encode.weight.t()), self.embed.weight)


class Strided(nn.Module):
    """One kernel in two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 8)
        self.conv = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, tokens: Tensor) -> Tensor:
        image = self.embed(tokens)[:, None]
        return self.conv(image) + F.conv2d(image, self.conv.weight, self.conv.bias, padding=2, dilation=2)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Pictured, "language.layers.1: Linear(4) -> ReLU -> language.norm: LayerNorm"),
        (Inside, "tower.0: Linear(4) -> tower.0 -> ReLU"),
        (Decoding, "encode.weight: Parameter([6, 4])"),
        (Strided, "conv.weight: Parameter([4, 1, 3, 3])"),
    ],
)
def test_code_that_reaches_into_modules_comes_back_with_its_state_dict(kind: type[nn.Module], line: str) -> None:
    module = kind()
    model = nnspec.from_torch(module, torch.arange(8).reshape(2, 4))
    back = model.to_torch()
    assert line in model.text
    assert list(back.state_dict()) == list(module.state_dict())


class Weighed(nn.Module):
    """A norm that is trained, and its weight once more."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x) * self.norm.weight


def test_weights_of_a_norm_that_is_trained_are_not_read_by_others() -> None:
    with pytest.raises(nnspec.SpecError, match="norm: its weights are read by other code, too") as refused:
        nnspec.from_torch(Weighed(), torch.rand(2, 4))
    assert "test_import_outside.py:" in str(refused.value)


def test_a_text_that_is_refused_is_told_as_a_fault_of_ours_with_the_line_of_the_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong(network: Network) -> Assembled:
        made = assembled(network)
        return made.replace(text=made.text.replace("ReLU", "Relo"))

    monkeypatch.setattr("nnspec.importing.from_torch.module.assembled", wrong)
    with pytest.raises(nnspec.SpecError, match="E0591") as refused:
        nnspec.from_torch(Pictured(), torch.arange(8).reshape(2, 4))
    told = str(refused.value)
    assert "x = torch.relu(layer(x))" in told and "this is a fault of nnspec" in told


class Named(nn.Module):
    """A module with two names, whose tensor is no weight of a layer."""

    class Inner(nn.Module):
        def __init__(self, tensor: nn.Module | nn.Parameter | Tensor) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            if isinstance(tensor, (nn.Module, nn.Parameter)):
                self.tensor = tensor
            else:
                self.register_buffer("tensor", tensor)

        def forward(self, x: Tensor) -> Tensor:
            y = torch.relu(self.linear(x))
            return self.tensor(y) if isinstance(self.tensor, nn.Module) else y * self.tensor

    def __init__(self, tensor: nn.Module | nn.Parameter | Tensor) -> None:
        super().__init__()
        self.one = self.Inner(tensor)
        self.other = self.one

    def forward(self, x: Tensor) -> Tensor:
        return self.other(self.one(x))


@pytest.mark.parametrize("tensor", [nn.Parameter(torch.ones(4)), nn.BatchNorm1d(4)])
def test_a_tensor_that_training_changes_is_not_written_as_two(tensor: nn.Module | nn.Parameter) -> None:
    with pytest.raises(nnspec.SpecError, match=r"other\.tensor\S*: it is one\.tensor") as refused:
        nnspec.from_torch(Named(tensor), torch.rand(2, 4))
    assert "test_import_outside.py:" in str(refused.value)


def test_a_buffer_that_nothing_changes_may_have_two_names() -> None:
    model = nnspec.from_torch(Named(torch.rand(4)), torch.rand(2, 4))
    assert set(model.to_torch().state_dict()) == set(Named(torch.rand(4)).state_dict())
    assert len(list(model.to_torch().parameters())) == 2


def test_parameters_that_are_one_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def untied(network: Network) -> Assembled:
        made = assembled(network)
        return made.replace(text=made.text.replace(", weight = language.embed.weight", ""))

    monkeypatch.setattr("nnspec.importing.from_torch.module.assembled", untied)
    with pytest.raises(nnspec.SpecError, match=r"head.weight, language.embed.weight are one parameter"):
        nnspec.from_torch(Pictured(), torch.arange(8).reshape(2, 4))
