"""Symbolic sizes are exact: what they say with symbols is what the numbers say, whatever the numbers are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnspec import dims
from nnspec.dims import Size, Undecidable

H = dims.symbol("H")
W = dims.symbol("W")
SIZES = st.integers(1, 60)
Formula = Callable[[Size, Size], Size]


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> tuple[str, Formula]:
    """A formula of two sizes, as text and as a function that works on numbers and on symbols."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        number = draw(st.integers(0, 9))
        return draw(st.sampled_from([("H", lambda h, w: h), ("W", lambda h, w: w), (str(number), lambda h, w: number)]))
    left_text, left = draw(formulas(depth - 1))
    kind = draw(st.sampled_from(["+", "-", "*", "//", "%", "scale"]))
    if kind in ("//", "%", "scale"):
        by = draw(st.integers(1, 7))
        made: Formula = {
            "//": lambda h, w: left(h, w) // by,
            "%": lambda h, w: left(h, w) % by,
            "scale": lambda h, w: left(h, w) * by,
        }[kind]
        return f"({left_text} {kind} {by})", made
    right_text, right = draw(formulas(depth - 1))
    made = {
        "+": lambda h, w: left(h, w) + right(h, w),
        "-": lambda h, w: left(h, w) - right(h, w),
        "*": lambda h, w: left(h, w) * right(h, w),
    }[kind]
    return f"({left_text} {kind} {right_text})", made


@settings(max_examples=400, derandomize=True, deadline=None)
@given(formulas(), SIZES, SIZES)
def test_a_formula_with_symbols_agrees_with_numbers(formula: tuple[str, Formula], h: int, w: int) -> None:
    _, function = formula
    assert dims.substitute(function(H, W), {"H": h, "W": w}) == function(h, w)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(formulas(), SIZES, SIZES)
def test_bounds_hold_for_every_number(formula: tuple[str, Formula], h: int, w: int) -> None:
    _, function = formula
    low, high = dims.bounds(function(H, W))
    value = function(h, w)
    assert isinstance(value, int)
    assert low <= value and (high is None or value <= high)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(formulas(3), formulas(3), SIZES, SIZES)
def test_equality_is_never_claimed_wrongly(
    one: tuple[str, Formula], other: tuple[str, Formula], h: int, w: int
) -> None:
    answer = dims.equal(one[1](H, W), other[1](H, W))
    same = one[1](h, w) == other[1](h, w)
    assert answer is None or answer == same


@settings(max_examples=300, derandomize=True, deadline=None)
@given(formulas(3), formulas(3), SIZES, SIZES)
def test_a_minimum_is_the_smaller_one(one: tuple[str, Formula], other: tuple[str, Formula], h: int, w: int) -> None:
    try:
        least = dims.minimum(one[1](H, W), other[1](H, W))
    except Undecidable:
        return
    assert dims.substitute(least, {"H": h, "W": w}) == min(one[1](h, w), other[1](h, w))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(formulas(3), formulas(2), SIZES, SIZES)
def test_an_exact_quotient_times_the_divisor_is_the_numerator(
    one: tuple[str, Formula], other: tuple[str, Formula], h: int, w: int
) -> None:
    numerator = one[1](H, W) * other[1](H, W)
    try:
        quotient = dims.exact_divide(numerator, other[1](H, W))
    except Undecidable:
        return
    divisor = other[1](h, w)
    assume(divisor != 0)
    assert dims.substitute(quotient, {"H": h, "W": w}) == one[1](h, w)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(formulas(), st.integers(1, 9), SIZES, SIZES)
def test_rounding_up_is_what_it_says(formula: tuple[str, Formula], by: int, h: int, w: int) -> None:
    rounded = dims.ceil_divide(formula[1](H, W), by)
    assert dims.substitute(rounded, {"H": h, "W": w}) == -(-formula[1](h, w) // by)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(formulas())
def test_sizes_survive_json(formula: tuple[str, Formula]) -> None:
    size = formula[1](H, W)
    assert dims.from_json(dims.to_json(size)) == size


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.integers(1, 40), st.integers(-5, 40), st.integers(1, 100))
def test_a_pattern_is_solved_for_its_symbol(scale: int, offset: int, value: int) -> None:
    pattern = H * scale + offset
    solved = dims.solve(pattern, value * scale + offset)
    assert solved is not None and solved[0].text == "H" and solved[1] == value
    symbolic = dims.solve(pattern, W * 3 * scale + offset)
    assert symbolic is not None and symbolic[1] == W * 3
    if scale > 1:
        assert dims.solve(pattern, value * scale + offset + 1) is None


def test_forty_nested_windows_stay_small() -> None:
    size: Size = H
    for _ in range(5):
        size = (size + 2 - 3) // 2 + 1
    assert str(size) == "(H + 31)//32"
    for _ in range(35):
        size = (size + 2 - 3) // 2 + 1
    assert str(size) == f"(H + {2**40 - 1})//{2**40}"
    assert dims.substitute(size, {"H": 224}) == 1


def test_products_have_one_form() -> None:
    assert H * W == W * H
    assert H * W * 2 - W * H == H * W
    assert dims.product([H, 3, W]) == W * (3 * H)
    assert dims.exact_divide(H * W * 6, H * 2) == 3 * W
    assert str((H + 1) * W) == "(H + 1)*W"


def test_what_depends_on_symbols_is_not_decided() -> None:
    assert dims.equal(H, W) is None
    assert dims.equal(32 * H, 32 * H + 1) is False
    assert dims.equal(H + 1, H) is False
    with pytest.raises(Undecidable):
        dims.minimum(H, W)
    with pytest.raises(Undecidable):
        dims.exact_divide(H, 2)
    with pytest.raises(Undecidable):
        H % W


def test_bounds_of_a_symbol_are_used() -> None:
    token = dims.symbol("T", maximum=16)
    assert dims.bounds(token * 2 + 1) == (3, 33)
    assert dims.bounds(20 - token) == (4, 19)
    assert dims.minimum(token, 16) == token
    assert dims.equal(token, 17) is False


@pytest.mark.parametrize(
    "form",
    [
        None, True, "H", 1.5, [], {}, {"terms": 3}, {"terms": [[1]]}, {"terms": [["1", {"symbol": "H"}]]},
        {"terms": [[1, {"symbol": "H"}]], "divisor": 0}, {"terms": [], "divisor": 0},
        {"terms": [[1, {"symbol": "a b"}]]}, {"terms": [[1, {"symbol": 3}]]}, {"terms": [[1, {}]]},
        {"terms": [[1, {"product": 7}]]}, {"terms": [[1, {"symbol": "H", "minimum": "x"}]]},
    ],
)  # fmt: skip
def test_damaged_json_is_refused(form: object) -> None:
    with pytest.raises(ValueError, match="not"):
        dims.from_json(form)
