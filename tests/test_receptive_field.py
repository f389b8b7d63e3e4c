"""The receptive field that a summary shows, against what derivatives of PyTorch reach."""

import json

import pytest
import torch

import nnspec

BLOCKS = """
block Unit(stride): x { residual { Conv2d(4, 3, padding = 1) -> BatchNorm2d -> ReLU -> Conv2d(4, 3, padding = 1) }
  Conv2d(4, 1, stride = stride) }
block Twice: x { Unit(1) -> Unit(1) }
"""
PICTURES = {
    "Conv2d(4, 3, stride = [2, 1], padding = 1) -> MaxPool2d(2) -> Conv2d(4, 3, padding = 1)": [13, 8],
    "Conv2d(4, 3, dilation = 3, padding = 3) -> Dropout2d -> AvgPool2d(3, stride = 2)": [9, 9],
    "Unit(2) -> 2 x Conv2d(4, 3, padding = 1)": [13, 13],
    "Twice -> Twice": [17, 17],
    "MaxPool2d(2) -> ConvTranspose2d(4, 2, stride = 2) -> Conv2d(4, 3, padding = 1)": [4, 4],
    "MaxPool2d(2) -> ConvTranspose2d(4, 4, stride = 2, padding = 1) -> Conv2d(4, 3, padding = 1)": [6, 6],
    "MaxPool2d(2) -> Upsample(scale_factor = 2) -> Conv2d(4, 3, padding = 1)": [4, 4],
    'MaxPool2d(2) -> Upsample(scale_factor = 2, mode = "bilinear") -> Conv2d(4, 3, padding = 1)': [6, 6],
    "PixelUnshuffle(2) -> Conv2d(4, 3, padding = 1) -> PixelShuffle(2) -> Unsqueeze(1) -> Squeeze(1)": [6, 6],
    "ReplicationPad2d(1) -> Conv2d(4, 3) -> Transpose(2, 3) -> Conv2d(4, [3, 1], padding = [1, 0])": [3, 5],
    "Conv2d(4, 3, padding = 1) -> _ * (_ -> Mean(dim = [2, 3], keepdim = true))": ["all", "all"],
    "AdaptiveAvgPool2d([1, none])": ["all", 1],
    "AdaptiveAvgPool2d(4) -> Conv2d(4, 3, padding = 1)": [12, 12],
    "MaxPool2d(4) -> Flatten(2) -> Transpose(1, 2) -> Linear(4) -> Transpose(1, 2) -> Unflatten(2, [4, 4])": [4, 4],
    "(_ -> Conv2d(4, 3, padding = 1), _ -> Conv2d(4, 5, padding = 2)) -> Concat(3) -> AvgPool2d([1, 2])": [5, 6],
}
SEQUENCES = {
    "input x: float[N, 4, 32] ; Conv1d(4, 3, padding = 1, stride = 2) -> Conv1d(4, 5, padding = 2)": [11],
    "input x: float[N, 32, 4] ; Linear(4) -> GELU -> Linear(4) -> Transpose(1, 2) -> Conv1d(4, 3, padding = 1)": [3],
    "input x: float[N, 32, 4] ; LSTM(4, batch_first = true) -> Transpose(1, 2)": ["all"],
}


def field(text: str) -> list[int | str | None]:
    """The field of the last step."""
    found: list[int | str | None] = json.loads(nnspec.loads(text).summary(depth=1).to_json())["rows"][-1]["field"]
    return found


def reached(text: str, axes: list[int]) -> list[int]:
    """The most places along each axis, from the first to the last, that a place of the output depends on."""
    model = nnspec.loads(text)
    module = model.to_torch().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.abs() + 0.1)
    (given,) = model.program.main.input_types
    x = (torch.rand(1, *given.shape[1:]) / 4 + 0.5).requires_grad_()
    output, spans = module(x)[0].sum(dim=0).flatten(), [0] * len(axes)
    maps = [torch.autograd.grad(place, x, retain_graph=True)[0] != 0 for place in output]
    for index, axis in enumerate(axes):
        for seen in maps:
            (found,) = seen.sum(dim=[dim for dim in range(x.dim()) if dim != axis]).nonzero(as_tuple=True)
            spans[index] = max(spans[index], int(found[-1] - found[0]) + 1)
    return spans


@pytest.mark.parametrize("steps", PICTURES)
def test_the_field_in_a_picture_is_what_derivatives_reach(steps: str) -> None:
    # A pool of the largest reaches one place for each window: a mean has the same field and reaches all.
    text = f"{BLOCKS} model M {{ input x: float[N, 4, 16, 16]\n {steps.replace('MaxPool', 'AvgPool')} }}"
    assert field(text) == PICTURES[steps]
    assert reached(text, [2, 3]) == [16 if size == "all" else min(int(size), 16) for size in PICTURES[steps]]


@pytest.mark.parametrize("steps", SEQUENCES)
def test_the_field_in_a_sequence_is_what_derivatives_reach(steps: str) -> None:
    text = f"model M {{ {steps} }}"
    assert field(text) == SEQUENCES[steps]
    axis = 2 if "4, 32]" in steps else 1
    assert reached(text, [axis]) == [32 if size == "all" else size for size in SEQUENCES[steps]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("input x: float[N, 8] ; Linear(4)", []),
        ("input tokens: int[T, N] ; Embedding(9, 3) -> LSTM(4) -> Tanh", ["all"]),
        ("input x: float[5, 2, 3] ; LSTM(4)", ["all"]),
        ("input x: float[N, T, 3] ; (each x along 1, carry h = zeros([N, 3])) -> scan Walk", [None]),
        ("input tokens: int[N, T] ; Embedding(9, 4)", [1]),
        ("input tokens: int[N, T] ; Embedding(9, 4) -> MultiheadAttention(2, batch_first = true)", ["all"]),
        ("input x: float[N, 2, 9, 4] ; attention(_, _, _, causal = true, window = 3)", [None, "all"]),
        ("input x: float[N, 4, 8, 8] ; Unfold(2)", [None, None]),
        ("input x: float[N, 4, H, W] ; AdaptiveAvgPool2d(3)", [None, None]),
        ('input x: float[N, 8, 4] ; Rearrange("n (w t) d -> (n w) t d", t = 2) -> Softmax(1)', [None]),
        ("input x: float[N, 4, 8, 8] ; input y: float[N, 4] ; h: Conv2d(4, 3) ; output z = y", [3, 3]),
        ("input x: float[N, 4, 8, 8] ; 1000000 x Conv2d(4, 3, padding = 1)", [2_000_001, 2_000_001]),
    ],
)
def test_a_field_is_unknown_rather_than_wrong(text: str, found: list[int | str | None]) -> None:
    walk = "block Walk: x, h { output h = x + h }\n"
    assert field(f"{walk} model M {{ {text} }}") == found


def test_a_field_in_nested_blocks_costs_as_much_as_the_text() -> None:
    text = """
    block Tree(depth) { if depth > 0 { Tree(depth - 1) -> Tree(depth - 1) } else { Conv2d(1, 3, padding = 1) } }
    model Forest { input x: float[N, 1, H, W] ; Tree(40) }"""
    assert field(text) == [2**41 + 1] * 2
