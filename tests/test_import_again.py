"""Modules that are called several times: applied again where they do the same, else what each call does stands there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import nnspec


class Fork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 4)
        self.right = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.left(x)) + self.right(x)


class Norms(nn.Module):
    """One norm before and behind, and one that has its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = nn.BatchNorm1d(4)
        self.tied = nn.BatchNorm1d(4)
        self.tied.weight = self.plain.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.tied(self.plain(self.tied(self.plain(x))))


class Around(nn.Module):
    """A layer behind itself, and around that."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.layer(x)) + self.layer(x)


class Nested(nn.Module):
    """What is called twice calls others twice."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fork = Fork()
            self.norm = nn.LayerNorm(4)

        def forward(self, x: Tensor) -> Tensor:
            return self.norm(self.fork(x)) + self.fork(self.norm(x))

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(self.inner(x))


class Rounds(nn.Module):
    """A list gone through twice, and one of it once more."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Fork() for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        for block in (*self.blocks, *self.blocks):
            x = block(x)
        return self.blocks[1](x)


class Inside(nn.Module):
    """What is in a container is applied outside of it, too, before and behind."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Sequential(Fork(), nn.Linear(4, 4), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.steps[0](self.steps(self.steps[1](x)))


class Chained(nn.Module):
    """A container that holds one module twice."""

    def __init__(self) -> None:
        super().__init__()
        layer, fork = nn.Linear(4, 4), Fork()
        self.steps = nn.Sequential(layer, nn.ReLU(), layer, fork, fork)

    def forward(self, x: Tensor) -> Tensor:
        return self.steps(x)


class Modal(nn.Module):
    """A module that does one thing or another."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
            self.scale = nn.Parameter(torch.rand(4))
            self.register_buffer("one", torch.tensor([1.0, 2.0, 3.0, 5.0]), persistent=False)
            self.register_buffer("two", torch.tensor([1.0, 4.0, 9.0, 7.0]), persistent=False)

        def forward(self, x: Tensor, first: bool) -> tuple[Tensor, Tensor]:
            y = self.a(x) * self.one if first else self.b(x) * self.two
            return torch.relu(y) * self.scale, y

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.inner(x, True)
        c, d = self.inner(a, False)
        return b + c + d


class Factors(nn.Module):
    """A module that is given a number of the code."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Tensor, factor: float) -> Tensor:
            return torch.relu(self.layer(x)) * factor

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(self.inner(x, 2.0), 3.0)


class Cell(nn.Module):
    """Steps of a loop, whose last state nobody asks for."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.given = nn.Linear(4, 4)
            self.made = nn.Linear(4, 4)

        def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            state = torch.tanh(self.given(x) + state)
            return self.made(state), state

    def __init__(self) -> None:
        super().__init__()
        self.cell = self.Inner()

    def forward(self, x: Tensor) -> Tensor:
        state, made = torch.zeros_like(x), []
        for _ in range(3):
            y, state = self.cell(x, state)
            made.append(y)
        return torch.stack(made, 1)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Norms, "plain: BatchNorm1d -> tied: BatchNorm1d(weight = plain.weight) -> plain -> tied"),
        (Around, "residual { layer: Linear(4) -> layer } skip { _ -> layer }"),
        (Nested, "residual { fork: Fork -> norm: LayerNorm } skip { _ -> norm -> fork }"),
        (Rounds, "blocks.2: Fork -> blocks.0 -> blocks.1 -> blocks.2 -> blocks.1"),
        (Inside, "steps.0: Fork -> steps.1 -> ReLU -> steps.0"),
        (Chained, "steps.2: Linear(4, weight = steps.0.weight, bias = steps.0.bias)"),
        (Modal, "inner.scale: Parameter([4])"),
        (Factors, "_ * 2.0 -> inner.layer -> ReLU"),
        (Cell, "cell4 = (_, cell3.state2) -> cell"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_is_called_again_is_applied_again_or_written_where_it_is_called(
    kind: Callable[[], nn.Module], line: str
) -> None:
    assert line in nnspec.from_torch(kind(), torch.rand(2, 4), dynamic={"x": "N 4"}).text


class Halves(nn.Module):
    """One module for inputs of two lengths, whose sizes stand in its code."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            n, t, d = x.shape
            return torch.relu(self.layer(x)).reshape(n, 2 * t, d // 2).mean((-2, -1))

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()

    def forward(self, short: Tensor, long: Tensor) -> Tensor:
        return self.inner(short) + self.inner(long)


@pytest.mark.parametrize("dynamic", [{}, {"short": "N S 4", "long": "N T 4"}])
def test_a_module_whose_sizes_are_others_each_time_has_them_each_time(dynamic: dict[str, str]) -> None:
    model = nnspec.from_torch(Halves(), (torch.rand(2, 3, 4), torch.rand(2, 5, 4)), dynamic=dynamic)
    assert model.to_torch()(torch.rand(2, 3, 4), torch.rand(2, 5, 4)).shape == (2,)


class Kept(nn.Module):
    """The result of a container is used by two others, one of which goes around a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Sequential(nn.Linear(4, 4), Fork())
        self.slope = nn.PReLU()
        self.side = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.steps(x)
        return self.side(y), torch.relu(self.slope(y)) + y


def test_a_chain_begins_with_the_value_that_a_residual_goes_around() -> None:
    assert "steps -> residual" in nnspec.from_torch(Kept(), torch.rand(2, 4)).text
