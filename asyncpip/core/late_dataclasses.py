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


@contextlib.contextmanager
def late_dataclasses() -> Iterator[None]:
    """Have the dataclasses declared until the end completed late."""
    declare = dataclasses.dataclass

    def declare_late(cls: type | None = None, /, **options: bool) -> Any:
        if options.get("slots") or not options.get("init", True):
            return declare(cls, **options)  # makes another class, or nothing that would notice the first value
        if cls is None:
            return lambda cls: declare_late(cls, **options)
        put_off(cls, lambda: declare(cls, **options))
        return cls

    dataclasses.dataclass = declare_late
    try:
        yield
    finally:
        dataclasses.dataclass = declare


def put_off(cls: type, complete: Callable[[], object]) -> None:
    """Have ``complete`` called before ``cls`` is used as a dataclass for the first time."""
    own_init = cls.__dict__.get("__init__")

    def complete_once() -> None:
        with _completing:
            if cls.__dict__.get(_FIELDS) is not late_fields:
                return
            delattr(cls, _FIELDS)
            if own_init is None:
                del cls.__init__  # type: ignore[misc]  # which is the one below
            else:
                cls.__init__ = own_init  # type: ignore[misc]  # as above
            complete()

    def init(self: Any, /, *values: Any, **named: Any) -> None:
        complete_once()
        cls.__init__(self, *values, **named)  # type: ignore[misc]  # of this class: a derived one may be calling it

    cls.__init__ = init  # type: ignore[misc]  # until the first value
    late_fields = _LateFields(complete_once)
    setattr(cls, _FIELDS, late_fields)


class _LateFields:
    """Stands where `dataclasses` looks whether a class is one of its own."""

    def __init__(self, complete: Callable[[], None]) -> None:
        self._complete = complete

    def __get__(self, value: object, cls: type) -> Any:
        self._complete()
        return getattr(cls, _FIELDS)
