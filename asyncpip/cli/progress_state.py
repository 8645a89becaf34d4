"""Pipeline events, added up: what is on its way, how fast, and how long each part of the run has taken.

Takes the time as an argument, from one clock throughout. Not locked: whoever shares it between threads does that.
"""

from __future__ import annotations

from collections import deque

from asyncpip.core.events import (
    Stage,
    StageProgress,
    TransferEnded,
    TransferExpected,
    TransferProgress,
    TransferStarted,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.core.events import Event

_RATE_WINDOW_SECONDS = 3.0
"""Long enough to bridge the gaps between archives, short enough to follow a line that changes."""
_RATE_LEAST_SECONDS = 0.2
_WORTH_A_LINE_SECONDS = 0.3
"""Transfers that are over sooner would only flicker."""


class Transfer:
    """One archive that is awaited or arriving."""

    __slots__ = ("label", "received_bytes", "size_bytes", "started_at")

    def __init__(self, label: str, size_bytes: int | None) -> None:
        self.label = label
        self.size_bytes = size_bytes
        """None where the index does not tell and the server has not yet."""
        self.received_bytes = 0
        self.started_at: float | None = None
        """None while it waits for its turn."""


class RunState:
    """The sums over one run's events."""

    def __init__(self, started: float) -> None:
        self.started = started
        """When the run began."""
        self.stage: Stage | None = None
        """The stage that was told of last; None before the first, and after the last has ended."""
        self.progress: dict[Stage, StageProgress] = {}
        """The last word of each stage."""
        self.arrived_bytes = 0
        """All bytes that came in this run, also for archives that are not wanted any more."""
        self.transfers_done = 0
        self.last_transfer_ended: float | None = None
        self._first_transfer_started: float | None = None
        self._done_bytes = 0
        self._transfers: dict[str, Transfer] = {}
        self._seconds: dict[Stage, float] = {}
        self._stage_began = started
        self._samples: deque[tuple[float, int]] = deque()

    def take(self, event: Event, now: float) -> None:
        """Add one event; those of no transfer that is known, and messages, change nothing."""
        if isinstance(event, TransferProgress):
            self.take_bytes(event.key, event.received_bytes)
        elif isinstance(event, TransferExpected):
            self._transfers.setdefault(event.key, Transfer(event.key, event.size_bytes))
        elif isinstance(event, TransferStarted):
            self._start(event, now)
        elif isinstance(event, TransferEnded):
            self._end(event, now)
        elif isinstance(event, StageProgress):
            self._advance(event, now)

    def take_bytes(self, key: str, received_bytes: int) -> None:
        """Add what has arrived for one transfer."""
        self.arrived_bytes += received_bytes
        transfer = self._transfers.get(key)
        if transfer is not None:
            transfer.received_bytes += received_bytes

    def sample(self, now: float) -> None:
        """Note how much has arrived by now; `rate` looks at these notes."""
        samples = self._samples
        samples.append((now, self.arrived_bytes))
        while len(samples) > 1 and samples[1][0] <= now - _RATE_WINDOW_SECONDS:
            samples.popleft()

    @property
    def rate(self) -> float | None:
        """Bytes a second lately; None while there is too little to tell from."""
        if not self._samples:
            return None
        (begin, before), (end, after) = self._samples[0], self._samples[-1]
        return (after - before) / (end - begin) if end - begin >= _RATE_LEAST_SECONDS else None

    @property
    def transfers_left(self) -> int:
        """How many archives are awaited or arriving."""
        return len(self._transfers)

    @property
    def received_bytes(self) -> int:
        """What is here of all archives that were or still are wanted, what an earlier run left included."""
        return self._done_bytes + sum(transfer.received_bytes for transfer in self._transfers.values())

    @property
    def wanted_bytes(self) -> int | None:
        """The size of those archives; None where one of them is not known."""
        total = self._done_bytes
        for transfer in self._transfers.values():
            if transfer.size_bytes is None:
                return None
            total += max(transfer.size_bytes, transfer.received_bytes)
        return total

    def largest(self, count: int, now: float) -> list[Transfer]:
        """Return the largest transfers under way that have lasted long enough to be looked at."""
        begun = now - _WORTH_A_LINE_SECONDS
        old = [each for each in self._transfers.values() if each.started_at is not None and each.started_at <= begun]
        return sorted(old, key=lambda transfer: -(transfer.size_bytes or transfer.received_bytes))[:count]

    def seconds(self, *stages: Stage) -> float:
        """Return how long the run was in ``stages``, up to the last event."""
        return sum(self._seconds.get(stage, 0.0) for stage in stages)

    @property
    def transfer_seconds(self) -> float:
        """From the first archive's first byte to the last one's end."""
        if self._first_transfer_started is None or self.last_transfer_ended is None:
            return 0.0
        return self.last_transfer_ended - self._first_transfer_started

    def _start(self, event: TransferStarted, now: float) -> None:
        transfer = self._transfers.setdefault(event.key, Transfer(event.key, None))
        transfer.label = event.label
        transfer.size_bytes = event.size_bytes
        transfer.received_bytes = event.resumed_bytes
        transfer.started_at = now
        if self._first_transfer_started is None:
            self._first_transfer_started = now

    def _end(self, event: TransferEnded, now: float) -> None:
        transfer = self._transfers.pop(event.key, None)
        if transfer is not None and event.ok:
            self.transfers_done += 1
            self.last_transfer_ended = now
            self._done_bytes += transfer.received_bytes

    def _advance(self, event: StageProgress, now: float) -> None:
        self.progress[event.stage] = event
        if self.stage is not None:
            self._seconds[self.stage] = self._seconds.get(self.stage, 0.0) + now - self._stage_began
        self._stage_began = now
        finished = event.stage == Stage.INSTALLING and event.done == event.total
        self.stage = None if finished else event.stage
