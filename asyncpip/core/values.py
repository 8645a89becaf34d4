"""Frozen values without `dataclasses`: declared the same way, for a thirtieth of the time. Lean.

`dataclasses` writes source text for each class and compiles it, 0.65 ms each: 30 ms for the 46 classes of an install,
and 14 ms for its import where nothing else needs it. Here a class is declared in 0.02 ms; making a value takes 2 us
instead of 1, which thousands of values do not notice.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]  # as `collections.namedtuple` does

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, dataclass_transform

    _Value = TypeVar("_Value", bound="Value")
else:

    def dataclass_transform(**_options):  # noqa: ANN003, ANN202 - for type checkers only
        """Leave the class as it is."""
        return lambda cls: cls


__all__ = ["Row", "Value", "field", "replace"]


class _Factory:
    """Makes the default of a field anew for each value."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    """Declare a field whose default is made anew for each value."""
    return _Factory(default_factory)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class _Declaration(type):
    """Makes slots of the annotations of a class; what is assigned there is a default."""

    _defaults: dict[str, Any]
    _fields: tuple[str, ...]
    _puts: tuple[tuple[str, Callable[[Any, Any], None]], ...]

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, shown: bool = True
    ) -> _Declaration:
        """``shown`` False is for values of thousands of others: asyncio asks a task for its result's text."""
        own = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        if not shown:
            namespace["__repr__"] = object.__repr__
        made = super().__new__(cls, name, bases, {**namespace, "__slots__": own})
        made._defaults = {**getattr(made, "_defaults", {}), **defaults}
        made._fields = (*getattr(made, "_fields", ()), *own)
        made._puts = (*getattr(made, "_puts", ()), *((field, made.__dict__[field].__set__) for field in own))
        return made


class Value(metaclass=_Declaration):
    """A frozen value of the fields that its class declares: given by name, compared, hashed and shown by them."""

    def __init__(self, **given: Any) -> None:
        cls = type(self)
        if len(given) != len(cls._puts):
            for name, default in cls._defaults.items():
                if name not in given:
                    given[name] = default.make() if type(default) is _Factory else default
        try:
            for name, put in cls._puts:
                put(self, given[name])
        except KeyError as error:
            raise TypeError(f"{cls.__name__}() lacks the argument {error}") from None
        if len(given) != len(cls._puts):
            raise TypeError(f"{cls.__name__}() takes no {', '.join(sorted(given.keys() - set(cls._fields)))}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """See what was given; for classes that must refuse some of it."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _contents(self) == _contents(other)

    def __hash__(self) -> int:
        return hash(_contents(self))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self)._fields)
        return f"{type(self).__name__}({shown})"


def replace(value: _Value, **changes: Any) -> _Value:
    """Return a copy of ``value`` with some fields changed."""
    cls = type(value)
    return cls(**{name: getattr(value, name) for name in cls._fields} | changes)


def _contents(value: Any) -> tuple[object, ...]:
    return tuple([getattr(value, name) for name in type(value)._fields])


class _RowDeclaration(type):
    """Makes what `typing.NamedTuple` would make of a class, without compiling a method for each."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RowDeclaration:
        fields = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        namespace.update(_fields=fields, _field_defaults=defaults, _last=tuple(defaults.values()))
        namespace.update(__match_args__=fields, __slots__=())
        namespace.update({field: _tuplegetter(index, None) for index, field in enumerate(fields)})
        return super().__new__(cls, name, bases, namespace)


def _new_row(cls: Any, /, *values: Any, **named: Any) -> Any:
    given, wanted = len(values), len(cls._fields)
    if given != wanted or named:
        if not named and wanted - given <= len(cls._last) and given < wanted:
            return tuple.__new__(cls, values + cls._last[given - wanted :])
        defaults = cls._field_defaults
        try:
            values += tuple([named.pop(name) if name in named else defaults[name] for name in cls._fields[given:]])
        except KeyError as error:
            raise TypeError(f"{cls.__name__}() lacks the argument {error}") from None
        if named or given > wanted:
            raise TypeError(f"{cls.__name__}() takes {', '.join(cls._fields)}, each once")
    return tuple.__new__(cls, values)


def _replaced(self: Any, /, **changes: Any) -> Any:
    return type(self)(**dict(zip(self._fields, self, strict=True)) | changes)


def _shown(self: Any) -> str:
    fields = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
    return f"{type(self).__name__}({fields})"


if TYPE_CHECKING:
    from typing import NamedTuple as Row
else:
    Row = type.__new__(
        _RowDeclaration,
        "Row",
        (tuple,),
        {"__slots__": (), "__new__": _new_row, "__repr__": _shown, "_replace": _replaced, "__module__": __name__},
    )
    """The base of a value that is a tuple of its fields: a third of the cost to make, for where there are thousands."""
