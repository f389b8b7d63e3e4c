"""Attention that modules write by hand is the layer in the text, where it is that exactly; else it stays as it is."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import nnspec

Scores = Callable[[Tensor, Tensor], Tensor]


class Attention(nn.Module):
    """Heads, two of which share keys and values, with scores that a function makes of queries and keys."""

    def __init__(self, scores: Scores, dropout: float = 0.0, weights: bool = False) -> None:
        super().__init__()
        self.qkv = nn.Linear(16, 32)
        self.drop = nn.Dropout(dropout)
        self.scores = scores
        self.weights = weights

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        n, t = x.shape[:2]
        q, k, v = self.qkv(x).split([16, 8, 8], -1)
        q = q.view(n, t, 4, 4).transpose(1, 2)
        k, v = (each.view(n, t, 2, 4).transpose(1, 2).repeat_interleave(2, dim=1) for each in (k, v))
        weights = self.drop(torch.softmax(self.scores(q, k), -1))
        y = (weights @ v).transpose(1, 2).reshape(n, t, 16)
        return (y, weights) if self.weights else y


def plain(q: Tensor, k: Tensor) -> Tensor:
    return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])


def causal(q: Tensor, k: Tensor) -> Tensor:
    seen = torch.tril(torch.ones(q.shape[-2], k.shape[-2]))
    return plain(q, k).masked_fill(seen == 0, float("-inf"))


def causal_by_sum(q: Tensor, k: Tensor) -> Tensor:
    return torch.einsum("bhid,bhjd->bhij", q * 0.5, k) + torch.triu(torch.full((q.shape[2], k.shape[2]), -1e9), 1)


def causal_by_places(q: Tensor, k: Tensor) -> Tensor:
    places = torch.arange(q.shape[2])
    seen = (places[None, :] <= places[:, None]) & (places[:, None] - places[None, :] < 3)
    return plain(q, k) + torch.where(seen, 0.0, torch.finfo(q.dtype).min)


def near(q: Tensor, k: Tensor) -> Tensor:
    places = torch.arange(q.shape[2])
    return plain(q, k).masked_fill((places[None] - places[:, None]).abs() > 2, -1e30)


def causal_by_band(q: Tensor, k: Tensor) -> Tensor:
    seen = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).tril().triu(-2)
    return plain(q, k).masked_fill(~seen, float("-inf"))


def capped(q: Tensor, k: Tensor) -> Tensor:
    return torch.tanh(q @ k.mT * 0.25 / 20.0) * 20.0


def biased(q: Tensor, k: Tensor) -> Tensor:
    places = torch.arange(q.shape[2])
    return q @ k.transpose(2, 3) + -0.5 * (places[:, None] - places).abs()


WRITTEN = {
    plain: "_)",
    causal: "_, causal = true)",
    causal_by_sum: "_, causal = true)",
    causal_by_places: "_, causal = true, window = 3)",
    causal_by_band: "_, causal = true, window = 3)",
    near: "_, window = 3)",
    capped: "_, scale = 0.25, cap = 20.0)",
    biased: ", scale = 1.0)",
}


@pytest.mark.parametrize("scores", WRITTEN, ids=lambda scores: scores.__name__)
def test_attention_by_hand_is_the_layer(scores: Scores) -> None:
    text = nnspec.from_torch(Attention(scores), torch.rand(2, 6, 16), dynamic={"x": "N T 16"}).text
    assert "attention(q, y" in text and WRITTEN[scores] in text and "softmax" not in text.lower()
    assert "RepeatInterleave" not in text and "repeat_interleave" not in text


def test_the_dropout_of_its_weights_is_an_argument() -> None:
    text = nnspec.from_torch(Attention(plain, 0.2), torch.rand(2, 6, 16), dynamic={"x": "N T 16"}).text
    assert "dropout = 0.2" in text and "Dropout(" not in text


def within(q: Tensor, k: Tensor) -> Tensor:
    places = torch.arange(q.shape[2])
    return plain(q, k).masked_fill(places[None] % 2 != places[:, None] % 2, -1e30)


def weakly(q: Tensor, k: Tensor) -> Tensor:
    return plain(q, k).masked_fill(torch.ones(q.shape[2], q.shape[2]).tril() == 0, -5.0)


def later(q: Tensor, k: Tensor) -> Tensor:
    return plain(q, k).masked_fill(torch.ones(q.shape[2], q.shape[2]).triu() == 0, -1e30)


@pytest.mark.parametrize("scores", [within, weakly, later], ids=lambda scores: scores.__name__)
def test_what_no_argument_says_stays_arithmetic(scores: Scores) -> None:
    text = nnspec.from_torch(Attention(scores), torch.rand(2, 6, 16), dynamic={"x": "N T 16"}).text
    assert "causal" not in text and "Softmax" in text


def test_attention_whose_weights_are_a_result_stays_arithmetic() -> None:
    text = nnspec.from_torch(Attention(plain, weights=True), torch.rand(2, 6, 16), dynamic={"x": "N T 16"}).text
    assert "-> Softmax" in text and "attention(" not in text


class Inconstant(nn.Module):
    """The dropout of its weights is an argument of a function, nothing in evaluation."""

    def forward(self, q: Tensor) -> Tensor:
        weights = torch.softmax(q @ q.transpose(-2, -1), -1)
        return nn.functional.dropout(weights, 0.3 if self.training else 0.0, self.training) @ q


def test_a_rate_that_is_nothing_in_evaluation_is_that_of_training() -> None:
    assert "dropout = 0.3" in nnspec.from_torch(Inconstant(), torch.rand(2, 3, 6, 4)).text
