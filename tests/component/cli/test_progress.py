"""Displays on a canvas in memory; what a person sees on a terminal is in `test_progress_terminal.py`."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.progress import LiveDisplay, RawDisplay, open_display
from asyncpip.cli.progress_state import RunState
from asyncpip.cli.progress_view import Look
from asyncpip.core.events import (
    Level,
    Message,
    Stage,
    StageProgress,
    TransferEnded,
    TransferExpected,
    TransferProgress,
    TransferStarted,
)
from tests.support.terminal import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.cli.printer import Display

MEGA = 1000 * 1000


class Canvas:
    """Takes what is drawn."""

    def __init__(self, *, is_terminal: bool = True) -> None:
        self.stdout_is_terminal = is_terminal
        self.stdout_encoding = "utf-8"
        self.drawn: list[str] = []
        self.lock = threading.Lock()
        self.three_drawn = threading.Event()

    def stdout_size(self) -> tuple[int, int]:
        return 80, 24

    def draw(self, make_text: Callable[[], str]) -> None:
        with self.lock:
            text = make_text()
            if text:
                self.drawn.append(text)
            if len(self.drawn) >= 3:
                self.three_drawn.set()


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(mode: str, *, is_terminal: bool = True, **environ: str) -> Display | None:
    display = open_display(
        mode, Canvas(is_terminal=is_terminal), environ={"TERM": "xterm", **environ}, color=False, started=0.0
    )
    if display is not None:
        display.close(ok=False)
    return display


@pytest.mark.parametrize(
    ("mode", "is_terminal", "environ", "kind", "replaces_lines"),
    [
        ("auto", True, {}, LiveDisplay, True),
        ("on", True, {}, LiveDisplay, True),
        ("auto", False, {}, None, None),
        ("on", False, {}, LiveDisplay, False),
        ("auto", True, {"CI": ""}, None, None),
        ("auto", True, {"BUILD_ID": "7"}, None, None),
        ("on", True, {"CI": "1"}, LiveDisplay, False),
        ("auto", True, {"TERM": "dumb"}, None, None),
        ("off", True, {}, None, None),
        ("raw", False, {"CI": "1"}, RawDisplay, False),
        ("raw", True, {}, RawDisplay, False),
    ],
)
def test_which_display_there_is(
    mode: str, *, is_terminal: bool, environ: dict[str, str], kind: type | None, replaces_lines: bool | None
) -> None:
    display = opened(mode, is_terminal=is_terminal, **environ)
    assert (type(display) if display is not None else None) is kind
    assert (display.replaces_lines if display is not None else None) is replaces_lines


def live(clock: Clock, columns: int = 80) -> tuple[LiveDisplay, Screen]:
    """Return a display that is drawn by hand, and a screen to feed."""
    display = LiveDisplay(Canvas(), RunState(0.0), Look(color=True, encoding="utf-8"), replaces_lines=True, clock=clock)
    return display, Screen(columns)


def as_terminal(text: str) -> str:
    return text.replace("\n", "\r\n")


def test_each_frame_takes_the_place_of_the_last() -> None:
    clock = Clock()
    display, screen = live(clock)
    display.show(StageProgress(Stage.FETCHING, 0, 2))
    for number, label in enumerate("ab"):
        display.show(TransferStarted(label, f"{label}.zip", (number + 1) * MEGA))
    clock.now = 0.5
    screen.feed(as_terminal(display.draw()))
    assert [line.split()[:2] for line in screen.shown()] == [
        ["\u280b", "Downloading"],
        ["b.zip", "\u2500" * 32],
        ["a.zip", "\u2500" * 32],
    ]
    display.show(TransferProgress("a", MEGA))
    display.show(TransferEnded("a"))
    clock.now = 0.6
    screen.feed(as_terminal(display.draw()))
    assert [line.split()[:3] for line in screen.shown()] == [
        ["\u2819", "Downloading", "1"],
        ["b.zip", "\u2500" * 32, "0.0"],
    ]
    assert (screen.row, screen.column) == (2, 0)


def test_messages_stand_above_the_frame_and_the_summary_in_its_place() -> None:
    clock = Clock()
    display, screen = live(clock)
    display.show(StageProgress(Stage.INSTALLING, 0, 2))
    screen.feed(as_terminal(display.draw()))
    screen.feed(as_terminal(display.pause()))
    assert display.draw() == ""
    assert display.pause() == ""
    screen.feed("WARNING: careful\r\n")
    display.resume()
    screen.feed(as_terminal(display.draw()))
    assert screen.shown() == ["WARNING: careful", "\u2819 Installing 2 distributions"]
    display.show(StageProgress(Stage.INSTALLING, 2, 2))
    clock.now = 0.5
    screen.feed(as_terminal(display.close(ok=True)))
    assert screen.shown() == ["WARNING: careful", "\u2713 Installed 2 distributions in 0.5 s  (linked 0 ms)"]
    assert display.draw() == ""


def test_a_run_that_failed_leaves_nothing() -> None:
    display, screen = live(Clock())
    display.show(StageProgress(Stage.RESOLVING, 0, 2))
    screen.feed(as_terminal(display.draw()))
    screen.feed(display.close(ok=False))
    assert screen.shown() == [""]


def test_a_display_is_drawn_by_its_own_thread_until_it_is_closed() -> None:
    canvas = Canvas()
    display = open_display("auto", canvas, environ={}, color=False, started=time.monotonic())
    assert display is not None
    display.show(StageProgress(Stage.RESOLVING, 0, 2))
    assert canvas.three_drawn.wait(10)
    with canvas.lock:
        display.close(ok=False)
        count = len(canvas.drawn)
    time.sleep(0.25)
    assert len(canvas.drawn) == count


def drawing_threads() -> int:
    return sum(thread.name == "progress" for thread in threading.enumerate())


def test_no_thread_is_left_where_the_run_may_fork() -> None:
    canvas = Canvas()
    display = open_display("auto", canvas, environ={}, color=False, started=time.monotonic())
    assert display is not None
    display.show(TransferExpected("k", 1))
    threads = [drawing_threads()]
    for event in (
        StageProgress(Stage.RESOLVING, 0, None),
        StageProgress(Stage.RESOLVING, 2, 2),
        StageProgress(Stage.FETCHING, 0, 2),
        StageProgress(Stage.UNPACKING, 1, 2),
        StageProgress(Stage.UNPACKING, 2, 2),
        StageProgress(Stage.INSTALLING, 0, 2),
        StageProgress(Stage.COMPILING, 0, 9),
        StageProgress(Stage.INSTALLING, 2, 2),
        StageProgress(Stage.RESOLVING, 0, None),
        StageProgress(Stage.FETCHING, 0, 0),
    ):
        display.show(event)
        threads.append(drawing_threads())
    assert threads == [0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 0]
    assert ["Installing 2 distributions" in text for text in canvas.drawn] == [True]
    display.close(ok=False)
    display.show(StageProgress(Stage.RESOLVING, 0, None))
    assert drawing_threads() == 0


def test_threads_that_emit_lose_nothing() -> None:
    state = RunState(0.0)
    display = LiveDisplay(Canvas(), state, Look(color=False, encoding="utf-8"), replaces_lines=True)
    display.show(TransferStarted("k", "k", 4 * 10_000))

    def emit() -> None:
        for _ in range(10_000):
            display.show(TransferProgress("k", 1))

    threads = [threading.Thread(target=emit) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        display.draw()
    assert (state.received_bytes, state.arrived_bytes) == (40_000, 40_000)


def raw() -> tuple[RawDisplay, Canvas, Clock]:
    canvas, clock = Canvas(is_terminal=False), Clock()
    return RawDisplay(canvas, RunState(0.0), clock), canvas, clock


def test_raw_lines_sum_up_all_archives_four_times_a_second_and_at_the_end() -> None:
    display, canvas, clock = raw()
    display.show(TransferExpected("a", MEGA))
    display.show(TransferStarted("a", "a", MEGA))
    for _ in range(10):
        clock.now += 0.1
        display.show(TransferProgress("a", MEGA // 10))
    display.show(TransferEnded("a"))
    display.show(TransferEnded("a"))
    assert canvas.drawn == [f"Progress {done} of 1000000\n" for done in (300_000, 600_000, 900_000, 1_000_000)]
    assert (display.pause(), display.close(ok=True)) == ("", "")


def test_raw_lines_say_0_where_the_size_is_not_known() -> None:
    display, canvas, clock = raw()
    display.show(TransferStarted("a", "a", None))
    clock.now = 1.0
    display.show(TransferProgress("a", 5))
    assert canvas.drawn == ["Progress 5 of 0\n"]


def test_raw_lines_are_not_worth_it_for_little() -> None:
    display, canvas, _ = raw()
    display.show(TransferStarted("a", "a", 500_000))
    display.show(TransferProgress("a", 500_000))
    display.show(TransferEnded("a"))
    display.show(Message(Level.INFO, "x"))
    assert canvas.drawn == []
