"""Values without `dataclasses`, whose import takes as long as the bare interpreter's start. Lean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class LeanValue:
    """A value of the fields in its class's `__slots__`: compared, hashed and shown by them."""

    __slots__: tuple[str, ...] = ()

    def fields(self) -> tuple[object, ...]:
        """Return what the slots hold, in their order."""
        return tuple(getattr(self, name) for name in self.__slots__)

    def replaced(self, **changes: object) -> Self:
        """Return a copy with some fields changed; the initialiser takes each field by its name."""
        return type(self)(**(dict(zip(self.__slots__, self.fields(), strict=True)) | changes))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeanValue) and type(other) is type(self) and other.fields() == self.fields()

    def __hash__(self) -> int:
        return hash(self.fields())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self.__slots__, self.fields(), strict=True))
        return f"{type(self).__name__}({shown})"
