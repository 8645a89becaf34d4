from __future__ import annotations

import pytest

from asyncpip.core.values import LeanValue


class Point(LeanValue):
    __slots__ = ("x", "y")

    def __init__(self, *, x: int, y: int) -> None:
        self.x = x
        self.y = y


class Vector(Point):
    __slots__ = ()


def test_values_are_compared_by_fields_and_class() -> None:
    assert Point(x=1, y=2) == Point(x=1, y=2)
    assert Point(x=1, y=2) != Point(x=1, y=3)
    assert Point(x=1, y=2) != (1, 2)
    assert hash(Point(x=1, y=2)) == hash(Point(x=1, y=2))
    assert Vector.__eq__(Vector(x=1, y=2), Point(x=1, y=2)) is False


def test_some_fields_replaced() -> None:
    assert Point(x=1, y=2).replaced(y=3) == Point(x=1, y=3)
    with pytest.raises(TypeError):
        Point(x=1, y=2).replaced(z=3)


def test_shown_by_its_fields() -> None:
    assert repr(Point(x=1, y=2)) == "Point(x=1, y=2)"
