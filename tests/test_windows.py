"""How many places windows have, what "same_upper" pads, and which sizes are known to be at least others."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from nnspec.dims import Size, at_least, substitute, symbol
from nnspec.layers.families.average_pooling import AvgPool1d
from nnspec.layers.families.convolution import Conv1d, Conv2d
from nnspec.layers.families.fitting import CenterCrop, PadTo
from nnspec.layers.families.max_pooling import MaxPool1d, MaxPool2d
from nnspec.layers.families.padding import Pad
from nnspec.layers.families.resizing import Upsample
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType

N, H, W = symbol("N"), symbol("H"), symbol("W")


def image(*spatial: Size) -> TensorType:
    return TensorType("float", (N, 3, *spatial))


def test_ceil_mode_has_the_places_that_torch_gives_it_for_every_size() -> None:
    for kernel, stride, padding, size in ((k, s, p, n) for k in range(1, 6) for s in range(1, 6)
                                          for p in range(k // 2 + 1) for n in range(1, 14)):  # fmt: skip
        layer = MaxPool1d(kernel_size=kernel, stride=stride, padding=padding, ceil_mode=True)
        try:
            expected: Any = F.max_pool1d(torch.zeros(1, 1, size), kernel, stride, padding, ceil_mode=True).shape[2]
        except RuntimeError:
            expected = None
        try:
            places = layer.infer(image(size)).shape[2]
        except InputError:
            places = None
        assert places == expected, (kernel, stride, padding, size)
        if expected is not None:
            assert substitute(layer.infer(image(H)).shape[2], {"H": size}) == expected


def test_same_upper_has_as_many_places_as_strides_fit_in_the_size() -> None:
    for kernel, stride, dilation, size in ((k, s, d, n) for k in range(1, 6) for s in range(1, 6)
                                           for d in (1, 2) for n in range(1, 14)):  # fmt: skip
        layer = Conv1d(out_channels=1, kernel_size=kernel, stride=stride, dilation=dilation, padding="same_upper")
        assert layer.infer(image(size)).shape[2] == -(-size // stride)
        (window,) = layer.windows(image(size))
        assert 0 <= window.end - window.begin <= 1, "the odd element is at the end"


def test_same_upper_takes_a_symbol_whose_remainder_is_known() -> None:
    layer = Conv2d(out_channels=4, kernel_size=3, stride=2, padding="same_upper")
    assert str(layer.infer(image(32 * H, 2 * W + 1))) == "[N, 4, 16*H, W + 1]"
    with pytest.raises(ArgumentError, match="depends on the symbol H"):
        layer.infer(image(H, 8))


@pytest.mark.parametrize(
    ("layer", "input", "message"),
    [
        (Conv2d(out_channels=4, kernel_size=3), image(2, 9), "a window of 3 does not fit into dimension 2"),
        (Conv2d(out_channels=4, kernel_size=3, groups=2), image(9, 9), "3 incoming channels cannot be divided into 2"),
        (Conv2d(out_channels=4, kernel_size=3), image(9), r"needs 4 dimensions \[N, C, H, W\], and gets 3"),
        (MaxPool2d(kernel_size=3, padding=2), image(H, W), "2 is too much for a window of 3"),
        (AvgPool1d(kernel_size=2, padding=((0, 1),), ceil_mode=True), image(9), "different padding"),
        (Pad(padding=(4, 0), mode="reflect"), image(4), "reflect takes at most 3 there"),
        (Upsample(scale_factor=0.7), image(H, W), "0.7 is rounded"),
    ],
)
def test_what_does_not_fit_is_refused(layer: Any, input: TensorType, message: str) -> None:
    with pytest.raises((ArgumentError, InputError), match=message):
        layer.infer(input)


def test_a_crop_of_symbolic_sizes_must_be_known_to_make_nothing_larger() -> None:
    up = image(2 * (H // 2), W)
    assert CenterCrop().infer(image(H, W), up) == up
    assert PadTo().infer(up, image(H, W)) == image(H, W)
    with pytest.raises(InputError, match="may do so for some sizes: it goes from H to W"):
        CenterCrop().infer(image(H, H), image(W, H))
    with pytest.raises(InputError, match="dimension 2 would go from 7 to 6"):
        PadTo().infer(image(7, 7), image(6, 8))


def random_size(choose: random.Random) -> Size:
    size: Size = choose.choice([H, W])
    for _ in range(choose.randint(1, 4)):
        steps = (size * choose.randint(1, 3), size // choose.randint(1, 4), size + choose.randint(-6, 6), size + W)
        size = choose.choice(steps)
    return size


def test_at_least_never_claims_what_some_values_contradict() -> None:
    choose = random.Random(0)
    known = 0
    for left, right in ((random_size(choose), random_size(choose)) for _ in range(1000)):
        if at_least(left, right):
            known += 1
            for _ in range(10):
                values: dict[str, Size] = {"H": choose.randint(1, 60), "W": choose.randint(1, 60)}
                assert substitute(left, values) >= substitute(right, values)  # type: ignore[operator]
    assert known > 50


@pytest.mark.parametrize(
    ("left", "right", "known"),
    [
        (H, 2 * (H // 2), True),
        (H // 2, 2 * (H // 4), True),
        (2 * ((H + 3) // 4), (H + 1) // 2, True),
        (H, 2 * (H // 2 - 4), True),
        (2 * (H // 2), H, False),
        (H, W, False),
    ],
)
def test_at_least_sees_through_floors(left: Size, right: Size, known: bool) -> None:
    assert at_least(left, right) is known
