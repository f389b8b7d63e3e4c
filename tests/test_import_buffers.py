"""Buffers of modules that are imported: as an expression, as numbers, with the weights alone, or refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import nnspec

LOWEST = "-3.4028234663852886e38"


class Biased(nn.Module):
    """Scores with a table on them."""

    def __init__(self, table: Tensor, persistent: bool = True) -> None:
        super().__init__()
        self.register_buffer("table", table, persistent=persistent)

    def forward(self, scores: Tensor) -> Tensor:
        return torch.softmax(scores + self.table, -1)


class Indexed(nn.Module):
    """A table of relative positions, as pictures have it: more numbers than a text should have."""

    def __init__(self, persistent: bool = True) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.rand(10))
        places = torch.arange(100)
        self.register_buffer("places", (places[None] - places[:, None]).abs() // 10, persistent=persistent)

    def forward(self, scores: Tensor) -> Tensor:
        return scores + self.bias[self.places]


def _causal(size: int) -> Tensor:
    return torch.full((size, size), float("-inf")).triu(1)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (_causal(5), f"Buffer(triu(full([5, 5], {LOWEST}), diagonal = 1))"),
        (_causal(70), f"Buffer(triu(full([70, 70], {LOWEST}), diagonal = 1))"),
        (torch.full((5, 5), 0.5).tril(-1), "Buffer(tril(full([5, 5], 0.5), diagonal = -1))"),
        (torch.tensor([0.0, float("-inf"), 1.0, 0.0, 0.0]).half(), f"Buffer([0.0, {LOWEST}, 1.0, 0.0, 0.0])"),
        (torch.tensor([0.5, 0.25, 1.0, 0.0, 2.0], dtype=torch.bfloat16), "Buffer([0.5, 0.25, 1.0, 0.0, 2.0])"),
        (torch.tensor([1, 2, 3, 4, 7], dtype=torch.int8), "Buffer([1, 2, 3, 4, 7])"),
    ],
)
def test_the_numbers_of_a_buffer_are_written_shortly_where_they_can_be(table: Tensor, line: str) -> None:
    size = len(table)
    assert line in nnspec.from_torch(Biased(table), torch.rand(2, size, size)).text
    model = nnspec.from_torch(Biased(table, persistent=False), torch.rand(2, size, size))
    assert line.rstrip(")") in model.text and "persistent = false" in model.text


def test_whole_numbers_that_are_too_many_come_with_the_weights() -> None:
    module = Indexed()
    model = nnspec.from_torch(module, torch.rand(2, 100, 100))
    assert 'places = Buffer(zeros([100, 100], dtype = "int"))' in model.text
    assert "# The numbers of its buffers (places) are not here: they come with its weights." in model.text
    back = model.to_torch()
    back.load_state_dict(module.state_dict())
    scores = torch.rand(2, 100, 100)
    torch.testing.assert_close(back(scores), module(scores))


@pytest.mark.parametrize(
    ("module", "size"), [(Indexed(persistent=False), 100), (Biased(torch.tensor([float("nan"), 0.0]), False), 2)]
)
def test_numbers_that_are_in_no_file_of_weights_and_in_no_text_are_refused_with_the_line(
    module: nn.Module, size: int
) -> None:
    with pytest.raises(nnspec.SpecError, match="persistent = True") as refused:
        nnspec.from_torch(module, torch.rand(2, size, size))
    assert "test_import_buffers.py:" in str(refused.value)


def test_buffers_of_other_types_are_of_other_blocks() -> None:
    class Layer(nn.Module):
        def __init__(self, start: Tensor) -> None:
            super().__init__()
            self.register_buffer("start", start)
            self.linear = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(self.linear(x) + self.start)

    module = nn.Sequential(Layer(torch.zeros(3, dtype=torch.long)), Layer(torch.zeros(3)))
    back = nnspec.from_torch(module, torch.rand(2, 3)).to_torch()
    assert [each.dtype for each in back.buffers()] == [torch.int64, torch.float32]


def test_results_that_are_infinite_or_no_numbers_are_compared_where_they_are() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("floor", torch.tensor([float("-inf"), 0.0, float("nan")]))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.floor

    assert nnspec.from_torch(Masked(), torch.rand(2, 3)).summary().parameters == 0


class Placed(nn.Module):
    """Biases by where two places of a picture are to each other."""

    def __init__(self, places: Tensor) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.rand(int(places.max()) + 1))
        self.register_buffer("places", places, persistent=False)

    def forward(self, scores: Tensor) -> Tensor:
        return scores + self.bias[self.places]


def _windows(height: int, width: int) -> Tensor:
    """As Swin has them."""
    rows, columns = (torch.arange(height * width) // width, torch.arange(height * width) % width)
    down, along = rows[:, None] - rows + height - 1, columns[:, None] - columns + width - 1
    return down * (2 * width - 1) + along


def _distances(side: int, step: int) -> Tensor:
    """As LeViT has them."""
    seen: dict[tuple[int, int], int] = {}
    places = [(row, column) for row in range(side) for column in range(side)]
    found = [
        seen.setdefault((abs(row - other), abs(column - another)), len(seen))
        for row in range(0, side, step)
        for column in range(0, side, step)
        for other, another in places
    ]
    return torch.tensor(found).view(-1, side * side)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (_windows(7, 7), "13 * ((Range(49) // 7 -> Unsqueeze(1)) - Range(49) // 7)"),
        (_windows(4, 8).flatten(), "+ 52 -> Flatten(0)"),
        (_distances(14, 1), "14 * abs((Range(196) // 14 -> Unsqueeze(1)) - Range(196) // 14)"),
        (_distances(7, 2), "7 * abs((Range(16) // 4 * 2 -> Unsqueeze(1)) - Range(49) // 7)"),
        (torch.arange(20) - torch.arange(20)[:, None] + 19, "-((Range(20) -> Unsqueeze(1)) - Range(20)) + 19"),
    ],
)
def test_tables_of_relative_positions_are_arithmetic(places: Tensor, words: str) -> None:
    assert words in nnspec.from_torch(Placed(places), torch.rand(2, *places.shape)).text
