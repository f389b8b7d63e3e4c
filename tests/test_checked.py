"""What is taken without asking pydantic is what pydantic makes of it; all else is checked by pydantic."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from nnspec.checked import Checked
from nnspec.dims import symbol
from nnspec.layers import registry
from nnspec.layers.numbers import PositiveFloat, PositiveInt, Within
from nnspec.plain import UNCLEAR, plain

NUMBERS = (
    0,
    1,
    -1,
    3,
    2**31,
    2**63,
    2**64,
    10**400,
    0.0,
    0.5,
    1.0,
    -0.0,
    -2.5,
    1e-40,
    1e39,
    float("inf"),
    float("nan"),
)
WORDS = ("", "mean", "zeros", "same", "same_upper", "normal", "float", "constant", "...", "n c -> c n")
ALONE: tuple[Any, ...] = (*NUMBERS, *WORDS, None, True, False, symbol("N") * 2, symbol("T"))
LISTS = ((), (1,), (2, 3), (0, 0), (1, None), (1, 0.5), ((1, 2), (3, 4)), ((0, 0),), (True, False), (1, (2, 3)))
MORE = (
    ("normal", 0.0, 0.02),
    ("normal", 0, 1),
    ("slice", None, 2, None),
    ("slice", 0, True, 1),
    (None, "..."),
    ([1], 2),
)
VALUES: tuple[Any, ...] = (*ALONE, *LISTS, *MORE, [1, 2], {"a": 1}, {}, b"a", 1j)


class Sized(Checked):
    strict: ClassVar[bool] = True
    size: PositiveInt
    rate: PositiveFloat = 0.5
    sizes: tuple[int, ...] | None = None


class Named(Sized):
    others: ClassVar[Any] = Annotated[int, Within(ge=1)]


@pytest.mark.parametrize("layer", list(registry.all_layers()), ids=lambda layer: layer.__name__)
def test_what_is_taken_plainly_pydantic_takes_as_it_is(layer: type) -> None:
    for name, field in layer.model_fields.items():
        checks = TypeAdapter(field.annotation)
        for value in VALUES:
            taken = plain(value, field.annotation)
            if taken is not UNCLEAR:
                found = checks.validate_python(value, strict=True)
                assert type(found) is type(taken) and repr(found) == repr(taken), (name, value)


def test_plain_numbers_are_taken_plainly() -> None:
    for value, annotation in ((3, int), (3, PositiveInt), (0.5, float), (True, bool), ((1, 2), tuple[int, ...] | None)):
        assert plain(value, annotation) == value
    assert type(plain(3, float)) is float
    for value, annotation in (
        (True, int),
        (1, bool),
        (0, PositiveInt),
        ([1], tuple[int, ...]),
        ("3", int),
        (2**53, float),
    ):
        assert plain(value, annotation) is UNCLEAR


def test_values_are_checked_converted_or_refused() -> None:
    assert Sized(size=3, rate=2).rate == 2.0 and Sized(size=3).settings() == {"size": 3, "rate": 0.5, "sizes": None}
    for wrong in (
        {},
        {"size": 0},
        {"size": "3"},
        {"size": 3, "rate": -1},
        {"size": 3, "sizes": ("a",)},
        {"size": 3, "x": 1},
    ):
        with pytest.raises(ValidationError):
            Sized(**wrong)


def test_records_are_equal_by_all_values_and_copied_whole() -> None:
    one = Named(size=3, given=2)
    assert one == Named(size=3, rate=0.5, given=2) != Named(size=3, given=1) != Named(size=3)
    assert one.further == {"given": 2} and one.given() == {"size": 3, "given": 2}
    assert one.model_copy(update={"size": 4}) == Named(size=4, given=2)
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))
    with pytest.raises(ValidationError):
        Named(size=3, given=0)
    with pytest.raises(AttributeError):
        one.size = 4


def test_the_json_form_leaves_defaults_out_and_is_read_back() -> None:
    one = Named(size=3, rate=0.5, sizes=(1, 2), given=2)
    assert json.loads(one.to_json()) == {"size": 3, "sizes": [1, 2], "given": 2}
    assert Named.from_json(one.to_json()) == one
    assert set(Named.json_schema()["required"]) == {"size"}


def test_rules_of_pydantic_stand_in_types_and_not_in_defaults() -> None:
    class Marked(Checked):
        rate: Annotated[float, Field(gt=0)] = 0.5

    assert Marked(rate=1).rate == 1.0
    with pytest.raises(ValidationError):
        Marked(rate=-1.0)
    with pytest.raises(TypeError, match=r"Wrong.rate: rules stand in the type"):

        class Wrong(Checked):
            rate: float = Field(0.5, gt=0)
