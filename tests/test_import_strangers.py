"""Modules as strangers write them: imported with the `state_dict` that they have, or refused with the line of the code."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint

import nnspec


class Norm(nn.Module):
    """A layer norm whose weights have other names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.rand(width))
        self.b = nn.Parameter(torch.rand(width))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return self.g * centred / torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5) + self.b


class Attention(nn.Module):
    """Masked by minus infinity, from a buffer of ones."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)
        self.heads = heads
        self.register_buffer("mask", torch.tril(torch.ones(context, context)).view(1, 1, context, context))

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.size()
        q, k, v = (each.view(n, t, self.heads, d // self.heads).transpose(1, 2) for each in self.qkv(x).split(d, 2))
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        return self.proj((F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(n, t, d))


class Decoder(nn.Module):
    """A list of dictionaries of modules, and a table that is tied."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(50, 16)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"norm": Norm(16), "attention": Attention(16, 4, 12)}) for _ in range(2)
        )
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.token.weight

    def forward(self, idx: Tensor) -> Tensor:
        x = self.token(idx)
        for block in self.blocks:
            x = x + block["attention"](block["norm"](x))  # type: ignore[index, operator]
        return self.head(x)


class Block(nn.Module):
    """A residual with a convolution around it where the channels differ."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(given, made, 3, padding=1), nn.GroupNorm(2, made), nn.SiLU())
        self.skip = nn.Conv2d(given, made, 1) if given != made else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x) + self.skip(x)


class UNet(nn.Module):
    """Skips on a stack."""

    def __init__(self) -> None:
        super().__init__()
        self.downs = nn.ModuleList([Block(3, 4), Block(4, 8)])
        self.mid = Block(8, 8)
        self.ups = nn.ModuleList([Block(16, 8), Block(12, 4)])

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for down in self.downs:
            skips.append(x := down(x))
            x = F.max_pool2d(x, 2)
        x = self.mid(x)
        for up in self.ups:
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0), skips.pop()], dim=1))
        return x


class Averaged(nn.Module):
    """Buffers that training changes, one of whole numbers, one without a key."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(10, 4)
        self.register_buffer("shadow", torch.rand(4))
        self.register_buffer("steps", torch.tensor(3))
        self.register_buffer("scale", torch.full((4,), 2.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        if self.training:
            self.shadow.mul_(0.9).add_(0.1 * y.mean(0))
        return (y - self.shadow) * self.scale / self.steps


class Symmetric(nn.Module):
    """A weight that is its own transpose."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight.triu() + weight.triu(1).transpose(-1, -2)


class Computed(nn.Module):
    """Weights that are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
        self.b = nn.Linear(8, 8)
        parametrize.register_parametrization(self.b, "weight", Symmetric())

    def forward(self, x: Tensor) -> Tensor:
        return self.b(torch.relu(self.a(x)))


class Siamese(nn.Module):
    """Two inputs, one tower under two names, a dictionary of results, segments that are computed again."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        self.alias = self.tower

    def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        a, b = checkpoint(self.tower, left, use_reentrant=False), self.alias(right)
        return {"distance": (a - b).pow(2).sum(-1), "a": a}


class Experts(nn.Module):
    """Einsums over the weights of experts, weighed by the largest scores."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(16, 4)
        self.up = nn.Parameter(torch.rand(4, 16, 32))
        self.down = nn.Parameter(torch.rand(4, 32, 16))
        self.temperature = nn.Parameter(torch.tensor(1.3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        p = F.softmax(self.gate(x) / self.temperature, -1)
        value, index = p.topk(2, dim=-1)
        weight = torch.zeros_like(p).scatter_(-1, index, value / value.sum(-1, keepdim=True))
        hidden = F.gelu(torch.einsum("btd,edh->bteh", x, self.up))
        return torch.einsum("bteh,ehd,bte->btd", hidden, self.down, weight), p


class OneBias(nn.LSTM):
    """An LSTM with one bias, as Keras has it; it runs as torch's does."""

    def __init__(self) -> None:
        super().__init__(8, 5, 2, batch_first=True)
        for name, bias in list(self.named_parameters()):
            if name.startswith("bias_hh"):
                delattr(self, name)
                self.register_buffer(name, torch.zeros_like(bias), persistent=False)


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = OneBias()

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[1][0]


TAKEN = {
    Reader: ((torch.rand(2, 6, 8),), {"x": "N T 8"}),
    Decoder: ((torch.arange(16).reshape(2, 8),), {"idx": "N T"}),
    UNet: ((torch.rand(2, 3, 16, 16),), {"x": "N 3 4*h 4*w"}),
    Averaged: ((torch.rand(2, 10),), {"x": "N 10"}),
    Computed: ((torch.rand(2, 8),), {"x": "N 8"}),
    Siamese: ((torch.rand(2, 8), torch.rand(2, 8)), {"left": "N 8", "right": "N 8"}),
    Experts: ((torch.rand(2, 5, 16),), {"x": "N T 16"}),
}


@pytest.mark.parametrize("kind", TAKEN, ids=lambda kind: kind.__name__)
def test_a_module_comes_back_with_its_state_dict(kind: type[nn.Module]) -> None:
    inputs, dynamic = TAKEN[kind]  # type: ignore[index]
    module = kind()
    back = nnspec.from_torch(module, inputs, dynamic=dynamic).to_torch()
    ours, theirs = back.state_dict(), module.state_dict()
    assert [(key, each.shape, each.dtype) for key, each in ours.items()] == [
        (key, each.shape, each.dtype) for key, each in theirs.items()
    ]
    kept = {key for key, _ in module.named_buffers(remove_duplicate=False)} & theirs.keys()
    assert {key for key, _ in back.named_buffers(remove_duplicate=False)} & ours.keys() == kept
    assert len(list(back.parameters())) == len(list(module.parameters()))  # what is tied is one


def test_what_goes_around_a_residual_has_a_condition() -> None:
    inputs, dynamic = TAKEN[UNet]
    text = nnspec.from_torch(UNet(), inputs, dynamic=dynamic).text
    assert text.count("block ") == 1 and "if C != channels { skip: Conv2d(channels, 1) }" in text


class Packed(nn.Module):
    """Sequences of several lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(8, 5, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.rnn(pack_padded_sequence(x, lengths, batch_first=True))[1][0]


class Deciding(nn.Module):
    """A branch that depends on the data."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        return y * 2 if y.mean() > 0 else y


@pytest.mark.parametrize(
    ("module", "inputs", "words"),
    [
        (Packed(), (torch.rand(2, 6, 8), torch.tensor([6, 4])), ("a packed sequence", "self.rnn(pack_padded")),
        (Deciding(), (torch.rand(2, 8),), ("data-dependent", "if y.mean() > 0")),
    ],
)
def test_what_has_no_fixed_graph_is_refused_with_its_line(
    module: nn.Module, inputs: tuple[Tensor, ...], words: tuple[str, ...]
) -> None:
    with pytest.raises(nnspec.SpecError) as refused:
        nnspec.from_torch(module, inputs)
    assert all(word in str(refused.value) for word in words)
    assert "test_import_strangers.py:" in str(refused.value)
