"""What a run tells about itself while it goes on. Stages emit; `cli` draws; tests collect.

Plain classes: every run imports this module, and `dataclasses` and `enum` would cost it as much as a bare interpreter.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Protocol

    class Reporter(Protocol):
        """Takes events, in any thread, without blocking."""

        def emit(self, event: Event) -> None:
            """Take one event."""


class Level(int):
    """pip's logging levels; `-v` and `-q` choose which are shown."""

    __slots__ = ()
    DEBUG: ClassVar[Level]
    VERBOSE: ClassVar[Level]
    INFO: ClassVar[Level]
    WARNING: ClassVar[Level]
    ERROR: ClassVar[Level]
    CRITICAL: ClassVar[Level]


Level.DEBUG, Level.VERBOSE, Level.INFO = Level(10), Level(15), Level(20)
Level.WARNING, Level.ERROR, Level.CRITICAL = Level(30), Level(40), Level(50)
LEVELS = (Level.DEBUG, Level.VERBOSE, Level.INFO, Level.WARNING, Level.ERROR, Level.CRITICAL)


class Stage(str):
    """The parts of a run whose advance is shown; the text is what people read."""

    __slots__ = ()
    ASKING: ClassVar[Stage]
    RESOLVING: ClassVar[Stage]
    FETCHING: ClassVar[Stage]
    UNPACKING: ClassVar[Stage]
    SAVING: ClassVar[Stage]
    BUILDING: ClassVar[Stage]
    INSTALLING: ClassVar[Stage]
    COMPILING: ClassVar[Stage]


Stage.ASKING = Stage("Asking indexes")
Stage.RESOLVING, Stage.FETCHING, Stage.UNPACKING = Stage("Resolving"), Stage("Downloading"), Stage("Unpacking")
Stage.BUILDING = Stage("Building")
Stage.SAVING = Stage("Saving")
Stage.INSTALLING, Stage.COMPILING = Stage("Installing"), Stage("Compiling")


class _Event:
    """Equal by class and attributes; not changed once made."""

    __slots__: tuple[str, ...] = ()

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Event) and type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._values()))})"


class Message(_Event):
    """A line (or several) for people. Up to INFO it goes to stdout, from WARNING on to stderr, as in pip.

    ``routine``: tells what a live display shows too, and is left out where there is one.
    """

    __slots__ = __match_args__ = ("level", "text", "routine")

    def __init__(self, level: Level, text: str, routine: bool = False) -> None:
        self.level = level
        self.text = text
        self.routine = routine


class TransferExpected(_Event):
    """An archive will be fetched as soon as there is room; `TransferStarted` or `TransferEnded` follows."""

    __slots__ = __match_args__ = ("key", "size_bytes")

    def __init__(self, key: str, size_bytes: int | None) -> None:
        self.key = key
        self.size_bytes = size_bytes


class TransferStarted(_Event):
    """An archive (not a page, not metadata) starts to arrive. ``size_bytes`` None where unknown."""

    __slots__ = __match_args__ = ("key", "label", "size_bytes", "resumed_bytes")

    def __init__(self, key: str, label: str, size_bytes: int | None, resumed_bytes: int = 0) -> None:
        self.key = key
        self.label = label
        self.size_bytes = size_bytes
        self.resumed_bytes = resumed_bytes


class TransferProgress(_Event):
    """``received_bytes`` more have arrived for ``key``."""

    __slots__ = __match_args__ = ("key", "received_bytes")

    def __init__(self, key: str, received_bytes: int) -> None:
        self.key = key
        self.received_bytes = received_bytes


class TransferEnded(_Event):
    """The archive is whole, or (``ok`` False) was given up. Means nothing when told again."""

    __slots__ = __match_args__ = ("key", "ok")

    def __init__(self, key: str, ok: bool = True) -> None:
        self.key = key
        self.ok = ok


class StageProgress(_Event):
    """``done`` of ``total`` items of a stage; ``total`` None while it is not known."""

    __slots__ = __match_args__ = ("stage", "done", "total", "detail")

    def __init__(self, stage: Stage, done: int, total: int | None, detail: str = "") -> None:
        self.stage = stage
        self.done = done
        self.total = total
        self.detail = detail


Event = Message | TransferExpected | TransferStarted | TransferProgress | TransferEnded | StageProgress
