"""Dataclasses of a library that is being imported: made complete when they are needed first, not one by one before.

`dataclasses` writes source text for the methods of each class and compiles it, 0.3 ms each; the asyncio backend of
anyio has 20 of them, of which a run makes values of three. A class that is late has its fields and methods as soon as
anybody looks: a value of it is made, a dataclass is derived from it, `dataclasses` is asked about it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FIELDS = "__dataclass_fields__"
"""What `dataclasses` itself tells a dataclass by."""
_completing = threading.RLock()
_late: dict[type, Callable[[], None]] = {}
"""What completes each class that is late still."""


@contextlib.contextmanager
def late_dataclasses() -> Iterator[None]:
    """Have the dataclasses declared until the end completed late."""
    declare = dataclasses.dataclass

    def declare_late(cls: type | None = None, /, **options: bool) -> Any:
        if cls is None:
            return lambda cls: declare_late(cls, **options)
        if options.get("slots") or cls.__new__ not in (object.__new__, _new):
            return declare(cls, **options)  # another class is made, or nobody would notice the first value
        put_off(cls, lambda: declare(cls, **options))
        return cls

    dataclasses.dataclass = declare_late
    try:
        yield
    finally:
        dataclasses.dataclass = declare


def put_off(cls: type, complete: Callable[[], object]) -> None:
    """Have ``complete`` called before ``cls`` is used as a dataclass for the first time."""

    def complete_once() -> None:
        with _completing:
            if cls in _late:
                complete()
                del _late[cls]

    _late[cls] = complete_once
    cls.__new__ = _new  # type: ignore[method-assign]  # what `object.__new__` does, but later
    setattr(cls, _FIELDS, _LateFields(complete_once))


def _new(cls: type, /, *_values: Any, **_named: Any) -> Any:
    """Make a value; its `__init__` is looked for afterwards."""
    for base in cls.__mro__:
        complete = _late.get(base)
        if complete is not None:
            complete()
    return object.__new__(cls)


class _LateFields:
    """Stands where `dataclasses` looks whether a class is one of its own."""

    def __init__(self, complete: Callable[[], None]) -> None:
        self._complete = complete

    def __get__(self, value: object, cls: type) -> Any:
        self._complete()
        return getattr(cls, _FIELDS)
