from __future__ import annotations

import dataclasses
import threading
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import pytest

from asyncpip.pipeline.late_dataclasses import _LateFields, late_dataclasses

T = TypeVar("T")


def is_late(cls: type) -> bool:
    return isinstance(cls.__dict__.get("__dataclass_fields__"), _LateFields)


def declare() -> dict[str, Any]:
    """Declare classes of all kinds that libraries have."""

    class Role(ABC):
        @abstractmethod
        def play(self) -> str:
            """Play."""

    @dataclasses.dataclass
    class Plain:
        x: int
        notes: list[int] = dataclasses.field(default_factory=list)
        _seen: bool = dataclasses.field(init=False, default=False)

    @dataclasses.dataclass(eq=False)
    class Derived(Plain, Role, Generic[T]):
        y: int = 3

        def __post_init__(self) -> None:
            self.x += 1

        def play(self) -> str:
            """Return the sum."""
            return str(self.x + self.y)

    @dataclasses.dataclass(frozen=True, order=True)
    class Frozen:
        a: int
        b: str = "b"

    @dataclasses.dataclass(slots=True)
    class Slotted:
        a: int

    @dataclasses.dataclass
    class OwnInit:
        a: int

        def __init__(self, start: int) -> None:
            self.a = start * 2

    @dataclasses.dataclass(init=False)
    class NoInit:
        a: int = 1

    class Ordinary(Plain):
        def __init__(self) -> None:
            super().__init__(7)

    class Joined(Ordinary, NoInit):
        pass

    kinds = (Plain, Derived, Frozen, Slotted, OwnInit, NoInit, Ordinary, Joined)
    return {each.__name__: each for each in kinds}


def observe(classes: dict[str, Any]) -> list[object]:
    """Return what their values do."""
    derived = classes["Derived"](1, y=2)
    plain = classes["Plain"](1, [2])
    seen: list[object] = [
        repr(classes["Joined"]()).rpartition(".")[2],
        derived.play(),
        derived.notes,
        derived._seen,
        derived == classes["Derived"](1, y=2),
    ]
    seen += [repr(plain).rpartition(".")[2], plain == classes["Plain"](1, [2]), classes["Plain"].__hash__]
    frozen = classes["Frozen"](1)
    seen += [frozen < classes["Frozen"](1, "c"), hash(frozen) == hash(classes["Frozen"](1)), frozen.b]
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen.a = 2
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        classes["Frozen"]()
    seen += [classes["OwnInit"](4).a, classes["NoInit"]().a, classes["Slotted"](5).__slots__, classes["Ordinary"]().x]
    for cls in classes.values():
        seen.append([(each.name, each.default, each.init) for each in dataclasses.fields(cls)])
        seen.append(cls.__match_args__)
    return seen


def test_late_ones_are_as_the_others() -> None:
    with late_dataclasses():
        late = declare()
    assert {name for name, cls in late.items() if is_late(cls)} == {"Plain", "Derived", "Frozen", "OwnInit", "NoInit"}
    expected = observe(declare())
    assert observe(late) == expected
    assert not any(is_late(cls) for cls in late.values())


def test_whoever_looks_first_finds_them_complete() -> None:
    with late_dataclasses():
        late = declare()
    assert [each.name for each in dataclasses.fields(late["Derived"])] == ["x", "notes", "_seen", "y"]
    assert not is_late(late["Plain"])

    @dataclasses.dataclass(frozen=True)
    class Further(late["Frozen"]):  # type: ignore[valid-type, misc, name-defined]  # a class that a test made
        c: int = 0

    assert Further(1, "x", 2) == Further(a=1, b="x", c=2)
    assert not is_late(late["Frozen"])
    assert dataclasses.is_dataclass(late["OwnInit"])
    assert late["Ordinary"]().x == 7


def test_threads_may_meet() -> None:
    for _ in range(20):
        with late_dataclasses():
            late = declare()
        start = threading.Barrier(4)
        made: list[object] = []

        def make(cls: Any, start: threading.Barrier = start, made: list[object] = made) -> None:
            start.wait(10)
            made.append(cls(1))

        threads = [threading.Thread(target=make, args=(late["Derived"],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 4


def test_nothing_stays_behind() -> None:
    declared = dataclasses.dataclass
    with pytest.raises(ZeroDivisionError), late_dataclasses():
        raise ZeroDivisionError
    assert dataclasses.dataclass is declared
