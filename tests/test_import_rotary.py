"""Rotary positions that modules compute by hand are the layer in the text, where they are that exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import nnspec

Turn = Callable[[Tensor, Tensor], Tensor]


class Turned(nn.Module):
    """Heads turned by a function of them and of the angles of the places."""

    def __init__(self, turn: Turn, heads_first: bool = True, base: float = 10000.0, persistent: bool = False) -> None:
        super().__init__()
        self.q = nn.Linear(16, 16)
        self.turn, self.heads_first = turn, heads_first
        frequencies = 1.0 / (base ** (torch.arange(0, 8, 2).float() / 8))
        self.register_buffer("inv_freq", frequencies, persistent=persistent)

    def forward(self, x: Tensor) -> Tensor:
        n, t = x.shape[:2]
        q = self.q(x).view(n, t, 2, 8)
        angles = torch.arange(t)[:, None].float() * self.inv_freq
        if self.heads_first:
            return self.turn(q.transpose(1, 2), angles).transpose(1, 2).flatten(2)
        return self.turn(q, angles[:, None]).transpose(1, 2).flatten(2)


def halves(q: Tensor, angles: Tensor) -> Tensor:
    both = torch.cat((angles, angles), -1)
    a, b = q[..., :4], q[..., 4:]
    return q * both.cos() + torch.cat((-b, a), -1) * both.sin()


def interleaved(q: Tensor, angles: Tensor) -> Tensor:
    cos, sin = (torch.repeat_interleave(each, 2, dim=-1) for each in (angles.cos(), angles.sin()))
    return q * cos + torch.stack((-q[..., 1::2], q[..., ::2]), -1).flatten(-2) * sin


def halves_by_parts(q: Tensor, angles: Tensor) -> Tensor:
    a, b = q.chunk(2, dim=-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def pairs_by_parts(q: Tensor, angles: Tensor) -> Tensor:
    a, b = q.unflatten(-1, (4, 2)).unbind(-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


def as_complex(q: Tensor, angles: Tensor) -> Tensor:
    pairs = torch.view_as_complex(q.float().reshape(*q.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


WRITTEN = {
    halves: "rotary(_)",
    interleaved: "rotary(_, interleaved = true)",
    halves_by_parts: "rotary(_)",
    pairs_by_parts: "rotary(_, interleaved = true)",
    as_complex: "rotary(_, interleaved = true)",
}


@pytest.mark.parametrize("turn", WRITTEN, ids=lambda turn: turn.__name__)
def test_a_rotation_by_hand_is_the_layer(turn: Turn) -> None:
    text = nnspec.from_torch(Turned(turn), torch.rand(2, 5, 16), dynamic={"x": "N T 16"}).text
    assert f"{WRITTEN[turn]} -> Transpose(1, 2)" in text
    assert not any(word in text for word in ("cos", "inv_freq", "Concat", "Stack"))


def test_heads_that_come_behind_the_places_are_turned_where_the_layer_has_them() -> None:
    text = nnspec.from_torch(Turned(halves, False, 500.0), torch.rand(2, 5, 16), dynamic={"x": "N T 16"}).text
    assert "Transpose(1, 2)\n  output result = rotary(_, base = 500.0) -> Flatten(2)\n" in text


class Computed(nn.Module):
    """Frequencies that are computed where they are used."""

    def forward(self, q: Tensor) -> Tensor:
        frequencies = 500.0 ** (-torch.arange(0, 8, 2).float() / 8)
        return halves_by_parts(q, torch.arange(q.shape[-2])[..., None] * frequencies)


def test_frequencies_may_be_computed_where_they_are_used() -> None:
    text = nnspec.from_torch(Computed(), torch.rand(2, 3, 5, 8), dynamic={"q": "N 3 T 8"}).text
    assert "output result = rotary(_, base = 500.0)" in text


def partly(q: Tensor, angles: Tensor) -> Tensor:
    return torch.cat((halves(q[..., :8], angles), q[..., 8:]), -1)


class Partly(Turned):
    """Heads of which the first features turn only."""

    def forward(self, x: Tensor) -> Tensor:
        q = self.q(x).view(*x.shape[:2], 1, 16).transpose(1, 2)
        angles = torch.outer(torch.arange(x.shape[1]).float(), self.inv_freq)
        return partly(q, angles)


def test_a_part_of_the_features_is_an_argument() -> None:
    text = nnspec.from_torch(Partly(partly), torch.rand(2, 5, 16), dynamic={"x": "N T 16"}).text
    assert "rotary(_, rotary_dim = 8)" in text and "Concat" not in text


def backwards(q: Tensor, angles: Tensor) -> Tensor:
    both = torch.cat((angles, angles), -1)
    return q * both.cos() + torch.cat((q[..., 4:], -q[..., :4]), -1) * both.sin()


def later(q: Tensor, angles: Tensor) -> Tensor:
    return halves(q, angles + 1)


@pytest.mark.parametrize("turn", [backwards, later], ids=lambda turn: turn.__name__)
def test_another_rotation_stays_arithmetic(turn: Turn) -> None:
    text = nnspec.from_torch(Turned(turn), torch.rand(2, 5, 16), dynamic={"x": "N T 16"}).text
    assert "cos(" in text and "rotary" not in text.lower()


def test_frequencies_that_are_in_the_files_of_weights_stay() -> None:
    module = Turned(halves, persistent=True)
    model = nnspec.from_torch(module, torch.rand(2, 5, 16), dynamic={"x": "N T 16"})
    assert "rotary" not in model.text.lower() and model.to_torch().state_dict().keys() == module.state_dict().keys()
