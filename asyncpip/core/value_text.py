"""A value as a text that is the same for equal values only: what answers are remembered by.

It goes through all that a value consists of, so that a field which is added later is part of the text without further
ado. What it does not know it refuses: half a key would be worse than none.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.values import Value

if TYPE_CHECKING:
    from collections.abc import Collection


def _function_text(function: FunctionType) -> str:
    """Return where a function was defined; raise `TypeError` where that does not say all of it."""
    if function.__closure__ is not None or "<" in function.__qualname__:
        raise TypeError(f"no text tells one {function.__qualname__} from another")
    return f"{function.__module__}.{function.__qualname__}"


_SIMPLE: Mapping[type, Callable[[Any], str]] = {
    **dict.fromkeys((type(None), str, bytes, int, float, bool), repr),
    **dict.fromkeys((Version, dt.datetime), lambda value: f"{type(value).__name__} {str(value)!r}"),
    SpecifierSet: lambda value: f"SpecifierSet {str(value)!r} {value.prereleases}",
    FunctionType: _function_text,
}


def text_of(value: object, leave_out: Collection[str] = ()) -> str:
    """Return the text of ``value``, without the fields ``leave_out`` of values in it; raise `TypeError`."""
    parts: list[str] = []
    _add(value, leave_out, parts)
    return "".join(parts)


def _add(value: Any, leave_out: Collection[str], parts: list[str]) -> None:
    kind = type(value)
    if kind in _SIMPLE:
        parts.append(_SIMPLE[kind](value))
    elif kind in (tuple, list):
        _add_all("(", value, leave_out, parts)
    elif kind in (frozenset, set):
        _add_all("{", sorted(text_of(each, leave_out) for each in value), leave_out, parts)
    elif kind.__module__ == "packaging.markers":  # which is not imported where nobody wrote one
        parts.append(f"Marker {str(value)!r}")
    elif isinstance(value, enum.Enum):
        parts.append(f"{kind.__name__}.{value.name}")
    elif kind is MarkerEvaluator:
        _add(value.markers, leave_out, parts)
    elif isinstance(value, Mapping):
        _add_all("{", sorted(f"{key!r}:{text_of(value[key], leave_out)}" for key in value), leave_out, parts)
    else:
        parts.append(kind.__name__)
        for name in _fields_of(kind):
            if name not in leave_out:
                parts.append(f" {name}=")
                _add(getattr(value, name), leave_out, parts)
        parts.append(";")


def _add_all(bracket: str, values: Collection[object], leave_out: Collection[str], parts: list[str]) -> None:
    if all(type(each) is str for each in values):  # a thousand wheel tags: 2 ms one by one
        parts.append(f"{bracket}{list(values)!r}")
        return
    parts.append(bracket)
    for each in values:
        _add(each, leave_out, parts)
        parts.append(",")
    parts.append(")")


def _fields_of(kind: type) -> tuple[str, ...]:
    if issubclass(kind, Value):
        return kind._fields
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    raise TypeError(f"no text tells one {kind.__name__} from another")
