from __future__ import annotations

import pytest

from asyncpip.net.retry import RetrySchedule, parse_retry_after


def test_delays_double_until_the_attempts_are_used_up() -> None:
    schedule = RetrySchedule(retries=5)
    delays = [schedule.delay_seconds(failures, jitter=0.0) for failures in range(1, 7)]
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, None]


def test_delays_have_a_bound_and_jitter() -> None:
    schedule = RetrySchedule(retries=100)
    assert schedule.delay_seconds(90, jitter=0.0) == 120.0
    assert schedule.delay_seconds(1, jitter=0.5) == 0.125


@pytest.mark.parametrize(("asked", "expected"), [(3.0, 3.0), (0.0, 0.0), (120.0, 120.0), (121.0, None)])
def test_the_server_says_when(asked: float, expected: float | None) -> None:
    assert RetrySchedule().delay_seconds(2, jitter=0.0, asked_seconds=asked) == expected


def test_no_retries_at_all() -> None:
    assert RetrySchedule(retries=0).delay_seconds(1, jitter=0.0, asked_seconds=1.0) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("1.5", None),
    ],
)
def test_retry_after(value: str | None, expected: float | None) -> None:
    assert parse_retry_after(value, now_seconds=10.0) == expected
