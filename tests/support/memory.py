"""In-memory implementors of the core's small protocols."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from asyncpip.core.events import Level, Message

if TYPE_CHECKING:
    from asyncpip.core.events import Event


class MemoryRecords:
    """A RecordStore in a dict."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], bytes] = {}
        self.writing_threads: set[int] = set()

    def read_record(self, bucket: str, key: str) -> bytes | None:
        return self.records.get((bucket, key))

    def write_record(self, bucket: str, key: str, *data: bytes | bytearray) -> None:
        self.writing_threads.add(threading.get_ident())
        self.records[bucket, key] = b"".join(data)


class MemoryReporter:
    """A Reporter that keeps what it takes."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def texts(self, level: Level) -> list[str]:
        """The messages of exactly this level."""
        return [event.text for event in self.events if isinstance(event, Message) and event.level is level]
