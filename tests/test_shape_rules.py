"""The rules of slices, broadcasting and rearrangement patterns, with sizes that are symbols."""

from __future__ import annotations

import pytest

import nnspec
from nnspec.dims import Size, symbol
from nnspec.layers.arithmetic import broadcast
from nnspec.layers.families.combine import Add
from nnspec.layers.families.indexing import Split, Subscript
from nnspec.layers.families.rearranging import Rearrange
from nnspec.layers.families.shape import Reshape
from nnspec.layers.subscript import slice_size
from nnspec.layers.tensor_type import ArgumentError, InputError, LayerError, TensorType

N, T = symbol("N"), symbol("T")
SHORT = symbol("S", maximum=20)


def float_type(*shape: Size) -> TensorType:
    return TensorType("float", shape)


@pytest.mark.parametrize(
    ("size", "start", "stop", "step", "length"),
    [
        (10, None, None, 1, "10"),
        (10, -3, None, 1, "3"),
        (10, -100, 100, 3, "4"),
        (T, 1, -1, 1, "T - 2"),
        (T, None, None, 2, "(T + 1)//2"),
        (T, None, T, 1, "T"),
        (2 * T, -T, None, 1, "T"),
        (20, None, SHORT, 1, "S"),
    ],
)
def test_a_slice_has_the_length_that_numpy_gives_it(
    size: Size, start: Size | None, stop: Size | None, step: int, length: str
) -> None:
    assert str(slice_size(size, start, stop, step, "items")) == length


@pytest.mark.parametrize(("start", "stop"), [(None, 5), (-5, None), (None, T - 5)])
def test_a_slice_whose_length_depends_on_the_symbol_is_refused(start: Size | None, stop: Size | None) -> None:
    with pytest.raises(ArgumentError, match="depends on the symbol"):
        slice_size(T, start, stop, 1, "items")


def test_every_length_of_a_slice_of_known_sizes_agrees_with_python() -> None:
    bounds = [None, *range(-6, 7)]
    for start in bounds:
        for stop in bounds:
            for step in (1, 2, 3):
                expected = len(range(5)[start:stop:step])
                if expected:
                    assert slice_size(5, start, stop, step, "items") == expected
                else:
                    with pytest.raises(ArgumentError, match="is empty"):
                        slice_size(5, start, stop, step, "items")


def test_a_subscript_that_turns_round_names_the_layer_that_does() -> None:
    with pytest.raises(ArgumentError) as caught:
        Subscript(items=(("slice", None, None, -1),)).infer(float_type(N))
    assert (caught.value.message, caught.value.help) == (
        "the slice ::-1 has the step -1",
        "steps are 1 or more; Flip turns round",
    )


def test_broadcasting_stretches_ones_only() -> None:
    assert broadcast([(N, 1, 3), (T, 1), (1,)]) == (N, T, 3)
    with pytest.raises(InputError, match="dimension 1 differs, 3 and 4"):
        broadcast([(N, 3), (N, 4)])
    with pytest.raises(InputError, match="dimension 0 is N in one and T in the other"):
        broadcast([(N, 3), (T, 3)])


def test_the_error_of_a_sum_points_at_the_input_that_does_not_fit() -> None:
    with pytest.raises(InputError) as caught:
        Add().infer(float_type(N, 3), float_type(N, 1), float_type(N, 4))
    assert caught.value.index == 2


def test_a_number_decides_the_element_type_as_in_torch() -> None:
    whole = TensorType("int", (N,))
    assert Add(scalar=1).infer(whole).dtype == "int"
    assert Add(scalar=1.0).infer(whole).dtype == "float"


def test_a_pattern_splits_symbolic_multiples_exactly() -> None:
    layer = Rearrange(pattern="n c (h p) (w q) -> n (h w) (p q c)", p=16, q=16)  # type: ignore[call-arg]
    assert str(layer.infer(float_type(N, 3, 16 * T, 224))) == "[N, 14*T, 768]"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("n c", "'n c' has 0 arrows `->`"),
        ("n c -> c", "n is only on the left of 'n c -> c'"),
        ("n c -> n c d", "d is only on the right of 'n c -> n c d'"),
        ("n n -> n", "n occurs twice on the left of 'n n -> n'"),
        ("n (c -> n c", "`(` is not closed in 'n (c'"),
        ("n c) -> n c", "`)` closes nothing in 'n c)'"),
        ("n ((c)) -> n c", "a parenthesis inside a parenthesis in 'n ((c))'"),
        ("n 2 -> n", "2 in 'n 2'"),
        ("n & c -> n c", "'&' has no meaning in 'n & c'"),
        ("(n ...) -> n ...", "`...` is inside parentheses on the left"),
        ("n (c d) -> n c d", "the lengths of c and d do not follow from (c d), a dimension of size 6"),
        ("n -> n", "takes 1 dimensions by 'n -> n', and gets 2: [N, 6]"),
        ("n 1 -> n", "takes () to be 1, and the dimension has size 6"),
    ],
)
def test_a_wrong_pattern_is_told_exactly(pattern: str, message: str) -> None:
    with pytest.raises(LayerError) as caught:
        Rearrange(pattern=pattern).infer(float_type(N, 6))
    assert caught.value.message == message


def test_a_size_that_is_no_known_multiple_says_how_to_declare_it() -> None:
    layer = Rearrange(pattern="n (c d) -> n c d", d=4)  # type: ignore[call-arg]
    with pytest.raises(InputError) as caught:
        layer.infer(float_type(N, T))
    assert caught.value.message == "splits (c d), whose size T is not known to be a multiple of 4"
    assert caught.value.help == "declare the size as a multiple, such as 4*c"


def test_a_reshape_needs_provably_equal_element_counts() -> None:
    assert Reshape(shape=(N * T, -1)).infer(float_type(N, T, 12)).shape == (N * T, 12)
    with pytest.raises(ArgumentError, match="has 5\\*N elements, and the input 3\\*N"):
        Reshape(shape=(N, 5)).infer(float_type(N, 3))


def test_the_results_of_a_split_are_numbered() -> None:
    layer = Split(sections=(1, 2, 3))
    assert layer.result_names() == ("0", "1", "2")
    assert [str(result) for result in layer.infer(float_type(N, 6))] == ["[N, 1]", "[N, 2]", "[N, 3]"]


@pytest.mark.parametrize(
    "layer",
    [
        "AvgPool3d(kernel_size = 2, ceil_mode = true)",
        "LPPool3d(norm_type = 2, kernel_size = 2, ceil_mode = true)",
        "AvgPool3d(kernel_size = 2, padding = 1)",
    ],
)
def test_an_average_in_three_dimensions_is_refused_where_torch_refuses_it(layer: str) -> None:
    with pytest.raises(nnspec.SpecError, match="a window of 2 does not fit into dimension 4"):
        nnspec.loads(f"model M {{ input x: float[N, 3, 4, 4, 1]; {layer} }}")


def test_a_crop_of_what_is_too_small_is_an_error_and_no_smaller_crop() -> None:
    torch = pytest.importorskip("torch")
    module = nnspec.loads("model M { input x: float[N, 3, H, W]; CenterCrop(3) }").to_torch()
    assert module(torch.rand(2, 3, 8, 3)).shape == (2, 3, 3, 3)
    with pytest.raises(RuntimeError, match="exceeds dimension size"):
        module(torch.rand(2, 3, 2, 3))


@pytest.mark.parametrize(
    "layer", ['MaxPool2d(1000000, padding = "same_upper")', 'Conv2d(4, 20001, padding = "same_upper")']
)
def test_same_padding_that_would_take_all_memory_is_refused(layer: str) -> None:
    with pytest.raises(nnspec.SpecError, match="8,192 is the most"):
        nnspec.loads(f"model M {{ input x: float[N, 3, 8, 9]; output y = {layer} }}")
