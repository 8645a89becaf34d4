"""What a run tells about itself while it goes on. Stages emit; `cli` draws; tests collect."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class Level(enum.IntEnum):
    """pip's logging levels; `-v` and `-q` choose which are shown."""

    DEBUG = 10
    VERBOSE = 15
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


@dataclass(frozen=True, slots=True)
class Message:
    """A line (or several) for people. Up to INFO it goes to stdout, from WARNING on to stderr, as in pip."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class TransferStarted:
    """An archive (not a page, not metadata) starts to arrive. ``size_bytes`` None where unknown."""

    key: str
    label: str
    size_bytes: int | None
    resumed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """``received_bytes`` more have arrived for ``key``."""

    key: str
    received_bytes: int


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """The archive is whole, or (``ok`` False) was given up."""

    key: str
    ok: bool = True


class Stage(enum.Enum):
    """The parts of a run whose advance is shown."""

    RESOLVING = "Resolving"
    FETCHING = "Downloading"
    UNPACKING = "Unpacking"
    INSTALLING = "Installing"
    COMPILING = "Compiling"


@dataclass(frozen=True, slots=True)
class StageProgress:
    """``done`` of ``total`` items of a stage; ``total`` None while it is not known."""

    stage: Stage
    done: int
    total: int | None
    detail: str = ""


Event = Message | TransferStarted | TransferProgress | TransferEnded | StageProgress


class Reporter(Protocol):
    """Takes events, in any thread, without blocking."""

    def emit(self, event: Event) -> None:
        """Take one event."""
