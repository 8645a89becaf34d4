"""Ctrl-C, SIGTERM and SIGHUP ask a run to end: all is put back first, and it ends by the latter two. Lean.

Without this an ended run would leave its changes for the next command to undo, which works too, but Python and other
tools would see them meanwhile; and what it has in the temporary directory would stay. Ctrl-C pressed twice would do
the same, so that at once after the first one it counts no more.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has only `signal`, which loads enum: 4 ms
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")
_SAME_SECONDS = 1.0
"""How long Ctrl-C counts as one. Nearly all runs end within a tenth of it; one that hangs is ended by the next one."""


class Termination:
    """Turns these signals into one Ctrl-C, from its making to `end`; what is ignored (`nohup`) stays so."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._received: list[int] = []
        self._watched: list[int] = []
        self._interrupted_at: float | None = None
        for name in _NAMES:
            number = getattr(_signal, name, None)  # Windows has one of them
            if number is not None and _signal.getsignal(number) == _signal.SIG_DFL:
                self._watch(number, self._act)
        if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
            self._watch(_signal.SIGINT, self._interrupt)

    def _watch(self, number: int, act: Callable[[int, FrameType | None], None]) -> None:
        try:
            _signal.signal(number, act)
        except ValueError:  # in another thread than the main one
            return
        self._watched.append(number)

    def text(self) -> str:
        """Return why the run was interrupted."""
        for name in _NAMES:
            if self._received and getattr(_signal, name, None) == self._received[0]:
                return f"Operation ended by {name}"
        return "Operation cancelled by user"

    def end(self) -> None:
        """Watch no more; end the process where a signal asked for it, so that whoever sent it sees that it did."""
        for number in self._watched:
            is_interrupt = number == _signal.SIGINT
            _signal.signal(number, _signal.default_int_handler if is_interrupt else _signal.SIG_DFL)
        if self._received:
            os.kill(os.getpid(), self._received[0])

    def _act(self, number: int, _: FrameType | None) -> None:
        self._received.append(number)
        _signal.raise_signal(_signal.SIGINT)

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        now = self._clock()
        if self._interrupted_at is None or now - self._interrupted_at > _SAME_SECONDS:
            self._interrupted_at = now
            raise KeyboardInterrupt
