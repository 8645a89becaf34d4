"""Draws what the pipeline does: live on a terminal, or as pip's `--progress-bar raw` lines.

Only stdout is drawn on, as in pip, and only where it is a terminal. Where it leads into a pipe, a display on stderr
would share the terminal with whatever reads the pipe, and neither knows where the other's cursor is.
"""

from __future__ import annotations

import threading
import time

from asyncpip.cli.progress_state import RunState
from asyncpip.cli.progress_view import Look, frame, summary
from asyncpip.core.ci import looks_like_ci
from asyncpip.core.events import Stage, StageProgress, TransferProgress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from asyncpip.cli.printer import Display
    from asyncpip.core.events import Event

    class Canvas(Protocol):
        """What a display draws on: the printer."""

        @property
        def stdout_is_terminal(self) -> bool:
            """Whether a person may be looking."""

        @property
        def stdout_encoding(self) -> str:
            """What stdout can show."""

        def stdout_size(self) -> tuple[int, int]:
            """Return columns and rows."""

        def draw(self, make_text: Callable[[], str]) -> None:
            """Write what ``make_text`` returns to stdout, and no message before it or in between."""


_FRAME_SECONDS = 0.1
"""Ten frames a second look alive; each costs a tenth of a millisecond, and the terminal more."""
_FIRST_FRAME_SECONDS = 0.2
"""Runs that are over sooner show nothing but the summary."""
_JOIN_SECONDS = 0.05
"""How long an event waits for the thread to end, should the terminal be slow; it takes no millisecond otherwise."""
_RAW_SECONDS = 0.25
_RAW_FROM_BYTES = 512 * 1024
"""pip's values: how often raw lines come, and for how much to download at least."""
_DUMB_TERMINALS = ("dumb", "unknown")


def open_display(
    mode: str, canvas: Canvas, *, environ: Mapping[str, str], color: bool, started: float
) -> Display | None:
    """Return the display for `--progress-bar` ``mode`` of a run that is not quiet; ``started`` is of `time.monotonic`.

    ``on`` differs from ``auto`` where nothing can be animated (no terminal, or CI): it still prints the summary.
    """
    if mode == "off":
        return None
    state = RunState(started)
    if mode == "raw":
        return RawDisplay(canvas, state)
    animated = canvas.stdout_is_terminal and not looks_like_ci(environ) and environ.get("TERM") not in _DUMB_TERMINALS
    if not animated and mode != "on":
        return None
    display = LiveDisplay(canvas, state, Look(color=color, encoding=canvas.stdout_encoding), replaces_lines=animated)
    if animated:
        display.start()
    return display


class LiveDisplay:
    """A few lines at the bottom of the terminal, drawn anew by a thread; at the end a summary that stays.

    While files are checked and put into place there is one frame and no thread: with another thread, that work could
    not fork (`asyncpip.install.parallel`).

    The cursor rests below the lines and is never hidden, so that a run that is killed leaves a usable terminal.
    """

    def __init__(
        self,
        canvas: Canvas,
        state: RunState,
        look: Look,
        *,
        replaces_lines: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.replaces_lines = replaces_lines
        self._canvas = canvas
        self._state = state
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_paused = False
        self._animates = False
        self._drawing: tuple[threading.Thread, threading.Event] | None = None
        """The thread that draws, and what ends it."""
        self._drawn = 0
        """How many lines stand on the terminal. This and what is above it change under the printer's lock only."""
        self._tick = 0

    def start(self) -> None:
        """From the next stage on, draw without being asked."""
        self._animates = True

    def show(self, event: Event) -> None:
        """See `Display`; the thread that emits does little but add."""
        with self._lock:
            if type(event) is TransferProgress:
                self._state.take_bytes(event.key, event.received_bytes)
            else:
                self._state.take(event, self._clock())
        if self._animates and type(event) is StageProgress:
            self._follow(event)

    def pause(self) -> str:
        """See `Display`."""
        self._is_paused = True
        drawn, self._drawn = self._drawn, 0
        return f"\x1b[{drawn}A\r\x1b[J" if drawn else ""

    def resume(self) -> None:
        """See `Display`; the next frame comes in its time, for more messages may follow."""
        self._is_paused = False

    def close(self, *, ok: bool) -> str:
        """See `Display`."""
        erasing = self.pause()
        with self._lock:
            self._is_closed = True
            if self._drawing is not None:
                self._drawing[1].set()
            columns = self._canvas.stdout_size()[0] if self.replaces_lines else None
            text = summary(self._state, self._clock(), self._look, columns) if ok else None
        return erasing if text is None else f"{erasing}{text}\n"

    def draw(self) -> str:
        """Return the next frame, which takes the place of the last; called under the printer's lock."""
        if self._is_paused or self._is_closed:
            return ""
        columns, rows = self._canvas.stdout_size()
        with self._lock:
            now = self._clock()
            self._state.sample(now)
            # A line as wide as the terminal would leave the cursor in doubt.
            lines = frame(self._state, now, self._tick, self._look, columns=columns - 1, rows=rows)
        self._tick += 1
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        self._drawn = len(lines)
        return f"{up}\r" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J"

    def _follow(self, event: StageProgress) -> None:
        """Have a thread draw while the run waits for others: the network, or child processes."""
        if event.stage == Stage.INSTALLING:
            self._end_thread()
            if event.done != event.total:
                self._canvas.draw(self.draw)
        elif event.stage in (Stage.ASKING, Stage.FETCHING, Stage.UNPACKING, Stage.SAVING) and event.done == event.total:
            self._end_thread()
        else:
            self._begin_thread()

    def _begin_thread(self) -> None:
        with self._lock:
            if self._drawing is None and not self._is_closed:
                ends = threading.Event()
                thread = threading.Thread(target=self._run, args=(ends,), name="progress", daemon=True)
                self._drawing = thread, ends
                thread.start()

    def _end_thread(self) -> None:
        with self._lock:
            drawing, self._drawing = self._drawing, None
        if drawing is not None:
            thread, ends = drawing
            ends.set()
            thread.join(_JOIN_SECONDS)

    def _run(self, ends: threading.Event) -> None:
        wait = _FIRST_FRAME_SECONDS
        while not ends.wait(wait):
            self._canvas.draw(self.draw)
            wait = _FRAME_SECONDS


class RawDisplay:
    """Lines ``Progress <bytes here> of <bytes wanted>`` for programs.

    pip's are of one archive after the other, ours of all together.
    """

    replaces_lines = False

    def __init__(self, canvas: Canvas, state: RunState, clock: Callable[[], float] = time.monotonic) -> None:
        self._canvas = canvas
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._told: tuple[int, int] | None = None

    def show(self, event: Event) -> None:
        """See `Display`."""
        with self._lock:
            now = self._clock()
            self._state.take(event, now)
            line = self._line(now)
        if line:
            self._canvas.draw(lambda: line)

    def _line(self, now: float) -> str:
        """Return the line that is due, or nothing."""
        state = self._state
        if now < self._next_at and state.transfers_left:
            return ""
        self._next_at = now + _RAW_SECONDS
        wanted = state.wanted_bytes
        numbers = (state.received_bytes, wanted or 0)
        if numbers == self._told or not state.arrived_bytes or (wanted is not None and wanted <= _RAW_FROM_BYTES):
            return ""
        self._told = numbers
        return f"Progress {numbers[0]} of {numbers[1]}\n"

    def pause(self) -> str:
        """See `Display`."""
        return ""

    def resume(self) -> None:
        """See `Display`."""

    def close(self, *, ok: bool) -> str:  # noqa: ARG002 - whole lines need no end
        """See `Display`."""
        return ""
