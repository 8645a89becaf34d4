from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from asyncpip.core.values import Row, Value, field, replace


class Point(Value):
    x: int
    y: int


class Marked(Point):
    """A point and more."""

    name: str = "here"
    """What it is called."""
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return the sum."""
        return self.x + self.y


class Hidden(Value, shown=False):
    secret: str


class Positive(Value):
    number: int

    def __post_init__(self) -> None:
        if self.number <= 0:
            raise ValueError("not positive")


def test_values_are_compared_by_fields_and_class() -> None:
    assert Point(x=1, y=2) == Point(x=1, y=2)
    assert Point(x=1, y=2) != Point(x=1, y=3)
    assert Point(x=1, y=2) != (1, 2)
    assert Point(x=1, y=2) != Marked(x=1, y=2)
    assert hash(Point(x=1, y=2)) == hash(Point(x=1, y=2))


def test_defaults_are_made_anew() -> None:
    one, two = Marked(x=1, y=2), Marked(x=1, y=2, name="there")
    assert (one.name, two.name, one.total) == ("here", "there", 3)
    one.notes.append("x")
    assert two.notes == []


@pytest.mark.parametrize("given", [{"x": 1}, {"x": 1, "y": 2, "z": 3}, {"x": 1, "z": 2}, {}])
def test_arguments_that_do_not_fit(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(**given)


def test_values_are_frozen() -> None:
    point: Any = Point(x=1, y=2)
    with pytest.raises(AttributeError):
        point.x = 2
    with pytest.raises(AttributeError):
        point.z = 2
    with pytest.raises(AttributeError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_some_fields_replaced() -> None:
    assert replace(Point(x=1, y=2), y=3) == Point(x=1, y=3)
    assert replace(Marked(x=1, y=2, name="n"), x=3) == Marked(x=3, y=2, name="n")
    with pytest.raises(TypeError):
        replace(Point(x=1, y=2), z=3)


def test_what_was_given_is_looked_at() -> None:
    with pytest.raises(ValueError, match="positive"):
        Positive(number=0)
    assert Positive(number=1).number == 1


def test_shown_by_its_fields() -> None:
    assert repr(Marked(x=1, y=2)) == "Marked(x=1, y=2, name='here', notes=[])"
    assert "word" not in repr(Hidden(secret="word"))


class Place(Row):
    """Where something is."""

    name: str
    line: int = 1
    """From 1."""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return it for people."""
        return f"{self.name}:{self.line}"


class Known(NamedTuple):
    name: str
    line: int = 1
    notes: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (("a", 2, ("x",)), {}),
        (("a", 2), {}),
        (("a",), {}),
        (("a",), {"notes": ("y",)}),
        ((), {"notes": ("y",), "name": "b"}),
        ((), {"name": "b"}),
        ((), {}),
        (("a", 2, (), 4), {}),
        (("a",), {"name": "b"}),
        (("a",), {"other": 1}),
        ((), {"line": 1}),
        (("a", 2, ()), {"notes": ()}),
        (("a", 2, (), 4), {"notes": ()}),
    ],
)
def test_a_row_is_what_a_named_tuple_is(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    place: Any = Place
    known: Any = Known
    try:
        expected = known(*values, **named)
    except TypeError:
        with pytest.raises(TypeError, match="Place"):
            place(*values, **named)
        return
    row = place(*values, **named)
    assert row == expected
    assert (hash(row), tuple(row), len(row)) == (hash(expected), tuple(expected), 3)
    assert (row.name, row.line, row.notes) == (expected.name, expected.line, expected.notes)
    assert repr(row) == repr(expected).replace("Known", "Place")
    assert row._replace(line=7) == expected._replace(line=7)
    assert type(row._replace(line=7)) is Place
    assert row.text == f"{row.name}:{row.line}"
    with pytest.raises(AttributeError):
        row.line = 3
    with pytest.raises(AttributeError):
        row.other = 3


def test_rows_are_matched_by_place() -> None:
    match Place("a", 2):
        case Place(name, line, notes):
            assert (name, line, notes) == ("a", 2, ())
        case _:
            pytest.fail("no match")
