"""SIGTERM and SIGHUP ask a run to end: as with Ctrl-C all is put back first, and then it ends by that signal. Lean.

Without this an ended run would leave its changes for the next command to undo, which works too, but Python and other
tools would see them meanwhile; and what it has in the temporary directory would stay.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has only `signal`, which loads enum: 4 ms
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")


class Termination:
    """Turns these signals into Ctrl-C, from its making to `end`; what is ignored (`nohup`) stays so."""

    def __init__(self) -> None:
        self._received: list[int] = []
        self._watched: list[int] = []
        for name in _NAMES:
            number = getattr(_signal, name, None)  # Windows has one of them
            if number is None or _signal.getsignal(number) != _signal.SIG_DFL:
                continue
            try:
                _signal.signal(number, self._act)
            except ValueError:  # in another thread than the main one
                continue
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
            _signal.signal(number, _signal.SIG_DFL)
        if self._received:
            os.kill(os.getpid(), self._received[0])

    def _act(self, number: int, _: FrameType | None) -> None:
        self._received.append(number)
        _signal.raise_signal(_signal.SIGINT)
