"""Records are frozen values that refuse what does not fit them, whichever way they are written."""

from __future__ import annotations

import pytest

from nnspec.record import Record


class Point(Record):
    x: int
    y: int = 0
    name: str = "point"


class Place(Point):
    z: int = 0


def test_fields_are_given_by_position_or_by_name_and_the_rest_are_defaults() -> None:
    assert Point(1) == Point(x=1, y=0, name="point") == Point(1, name="point")
    assert Point.record_fields == ("x", "y", "name") and Place.record_fields == ("x", "y", "name", "z")
    assert repr(Place(1, z=3)) == "Place(x=1, y=0, name='point', z=3)"


@pytest.mark.parametrize(
    ("values", "named", "what"),
    [
        ((1, 2, "a", 4), {}, "takes 3 fields, 4 were given"),
        ((1, 2), {"z": 3}, "unknown fields"),  # as many as there are fields
        ((1,), {"w": 3}, "unknown fields"),
        ((1, 2), {"x": 1}, "double fields"),
        ((1, 2, "a"), {"x": 1}, "double fields"),
        ((), {"y": 2}, "missing fields"),
        ((), {"y": 2, "name": "a", "z": 1}, "unknown fields"),
    ],
)
def test_unknown_missing_and_double_fields_are_refused(values: tuple, named: dict, what: str) -> None:
    with pytest.raises(TypeError, match=what):
        Point(*values, **named)


def test_replace_gives_the_same_record_with_other_values() -> None:
    place = Place(1, 2, z=3)
    assert place.replace(y=5) == Place(1, 5, z=3) and place == Place(1, 2, z=3)
    with pytest.raises(TypeError, match="unknown fields"):
        place.replace(w=1)


def test_records_are_frozen() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        Point(1).x = 2
