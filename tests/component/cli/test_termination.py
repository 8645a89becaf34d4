"""What signals do to a run."""

from __future__ import annotations

import signal

import pytest

from asyncpip.cli.termination import Termination
from asyncpip.pipeline.loop import run_until_interrupted


async def press(times: int, done: list[str]) -> None:
    """Press Ctrl-C, and wait for what comes of it; clean up slowly."""
    import anyio  # noqa: PLC0415 - no other test here needs it

    try:
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()
    finally:
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        done.append("cleaned up")


@pytest.mark.parametrize("use_uvloop", [False, True])
@pytest.mark.parametrize("times", [1, 3])
def test_the_first_ctrl_c_cancels_what_runs_in_a_loop(times: int, *, use_uvloop: bool) -> None:
    if use_uvloop:
        pytest.importorskip("uvloop")
    done: list[str] = []
    termination = Termination()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_until_interrupted(press, times, done, use_uvloop=use_uvloop)
        assert done == ["cleaned up"]
        signal.raise_signal(signal.SIGINT)  # is the same one still
    finally:
        termination.end()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_one_later_counts() -> None:
    now = 100.0
    termination = Termination(lambda: now)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        now += 0.9
        signal.raise_signal(signal.SIGINT)
        now += 0.2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert termination.text() == "Operation cancelled by user"
    finally:
        termination.end()


def test_whoever_has_taken_ctrl_c_over_keeps_it() -> None:
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        termination = Termination()
        signal.raise_signal(signal.SIGINT)
        termination.end()
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [signal.SIGINT, signal.SIGINT]
