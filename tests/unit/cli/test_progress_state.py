from __future__ import annotations

import pytest

from asyncpip.cli.progress_state import RunState
from asyncpip.core.events import (
    Event,
    Level,
    Message,
    Stage,
    StageProgress,
    TransferEnded,
    TransferExpected,
    TransferProgress,
    TransferStarted,
)


def state_after(*timed_events: tuple[float, Event]) -> RunState:
    """Return the state of a run that began at 100 s and told these events, each so many seconds later."""
    state = RunState(100.0)
    for seconds, event in timed_events:
        state.take(event, 100.0 + seconds)
    return state


def test_bytes_are_added_over_what_waits_arrives_and_is_here() -> None:
    state = state_after(
        (0, TransferExpected("a", 10)),
        (0, TransferExpected("b", 20)),
        (0, TransferExpected("c", 40)),
        (1, TransferStarted("a", "a", 10)),
        (1, TransferStarted("b", "b", 20, 5)),
        (2, TransferProgress("a", 10)),
        (2, TransferProgress("b", 3)),
        (3, TransferEnded("a")),
    )
    assert (state.received_bytes, state.wanted_bytes, state.arrived_bytes) == (18, 70, 13)
    assert (state.transfers_done, state.transfers_left) == (1, 2)


def test_what_is_given_up_is_not_wanted_any_more_but_has_arrived() -> None:
    state = state_after(
        (0, TransferExpected("waits", 10)),
        (0, TransferStarted("runs", "runs", 20)),
        (1, TransferProgress("runs", 7)),
        (2, TransferEnded("waits", ok=False)),
        (2, TransferEnded("runs", ok=False)),
    )
    assert (state.received_bytes, state.wanted_bytes, state.arrived_bytes) == (0, 0, 7)
    assert (state.transfers_done, state.transfers_left) == (0, 0)


def test_an_end_that_is_told_again_means_nothing() -> None:
    told: list[tuple[float, Event]] = [
        (0, TransferStarted("a", "a", 4)),
        (1, TransferProgress("a", 4)),
        (2, TransferEnded("a")),
        (3, TransferEnded("a", ok=False)),
    ]
    state = state_after(*told)
    assert (state.received_bytes, state.wanted_bytes, state.transfers_done) == (4, 4, 1)


def test_a_size_that_is_not_known_makes_the_sum_unknown_until_the_archive_is_here() -> None:
    told: list[tuple[float, Event]] = [(0, TransferStarted("a", "a", None)), (1, TransferProgress("a", 3))]
    assert state_after(*told).wanted_bytes is None
    assert state_after(*told, (2, TransferEnded("a"))).wanted_bytes == 3


def test_more_than_was_announced_never_makes_the_sum_smaller_than_what_is_here() -> None:
    state = state_after((0, TransferStarted("a", "a", 3)), (1, TransferProgress("a", 5)))
    assert (state.received_bytes, state.wanted_bytes) == (5, 5)


def test_strays_and_messages_change_no_transfer() -> None:
    state = state_after((0, TransferProgress("x", 3)), (0, TransferEnded("x")), (0, Message(Level.INFO, "x")))
    assert (state.received_bytes, state.wanted_bytes, state.transfers_done) == (0, 0, 0)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    state = RunState(0.0)
    assert state.rate is None
    state.sample(0.0)
    assert state.rate is None
    for second in range(1, 11):
        state.take_bytes("x", 100 if second <= 5 else 10)
        state.sample(float(second))
        if second in (5, 10):
            assert state.rate == pytest.approx(100 if second == 5 else 10)


def test_the_largest_transfers_that_last_are_shown() -> None:
    state = state_after(
        (0, TransferStarted("small", "small", 1)),
        (0, TransferStarted("big", "big", 9)),
        (0, TransferStarted("unknown", "unknown", None)),
        (0, TransferExpected("waits", 99)),
        (1, TransferProgress("unknown", 5)),
        (2, TransferStarted("new", "new", 50)),
    )
    assert [each.label for each in state.largest(2, 102.1)] == ["big", "unknown"]
    assert [each.label for each in state.largest(9, 102.5)] == ["new", "big", "unknown", "small"]


def test_seconds_of_stages_are_those_between_their_events() -> None:
    state = state_after(
        (1, StageProgress(Stage.RESOLVING, 0, None)),
        (2, StageProgress(Stage.RESOLVING, 1, 3)),
        (4, StageProgress(Stage.FETCHING, 0, 3)),
        (7, StageProgress(Stage.INSTALLING, 0, 3)),
        (8, StageProgress(Stage.COMPILING, 0, 50)),
        (9.5, StageProgress(Stage.COMPILING, 50, 50)),
        (9.5, StageProgress(Stage.INSTALLING, 3, 3)),
    )
    seconds = {stage: state.seconds(stage) for stage in (Stage.RESOLVING, Stage.FETCHING, Stage.COMPILING)}
    assert seconds == {Stage.RESOLVING: 3, Stage.FETCHING: 3, Stage.COMPILING: 1.5}
    assert state.seconds(Stage.INSTALLING, Stage.COMPILING) == 2.5
    assert state.stage is None


def test_a_stage_that_comes_again_adds_up() -> None:
    state = state_after(
        (0, StageProgress(Stage.RESOLVING, 0, None)),
        (1, StageProgress(Stage.FETCHING, 0, 3)),
        (5, StageProgress(Stage.RESOLVING, 0, None)),
        (7, StageProgress(Stage.FETCHING, 0, 3)),
    )
    assert state.seconds(Stage.RESOLVING) == 3
    assert state.stage == Stage.FETCHING


def test_transfer_seconds_reach_from_the_first_start_to_the_last_end() -> None:
    assert state_after((1, TransferStarted("a", "a", 1))).transfer_seconds == 0
    state = state_after(
        (1, TransferStarted("a", "a", 1)),
        (2, TransferStarted("b", "b", 1)),
        (3, TransferEnded("b")),
        (5, TransferEnded("a")),
    )
    assert state.transfer_seconds == 4
