"""When a request is sent again, as a pure schedule: the clock and the random number come in as arguments."""

from __future__ import annotations

from asyncpip.core.values import Value

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 520, 527})
"""pip's list and 429: broken links between a CDN and its origin, storage hiccups, rate limits."""
RETRY_AFTER_STATUSES = frozenset({429, 503})
"""Where `Retry-After` means when to come back (RFC 9110 §10.2.3, RFC 6585 §4)."""


class RetrySchedule(Value):
    """How often, and after how long."""

    retries: int = 5
    """Attempts after the first one."""
    factor_seconds: float = 0.25
    longest_seconds: float = 120.0
    """A server that asks for more than this is taken at its word: the request is not sent again."""

    def delay_seconds(self, failures: int, *, jitter: float, asked_seconds: float | None = None) -> float | None:
        """Return how long to wait after the ``failures``-th failure (from 1); None for no further attempt.

        The first retry comes nearly at once, then the delay doubles from twice the factor, as in pip. ``jitter`` out
        of [0, 1) spreads requests that failed together; ``asked_seconds`` is what `Retry-After` said.
        """
        if failures > self.retries:
            return None
        backoff = 0.0 if failures <= 1 else min(self.factor_seconds * 2.0 ** (failures - 1), self.longest_seconds)
        if asked_seconds is not None:
            if asked_seconds > self.longest_seconds:
                return None
            backoff = max(asked_seconds, 0.0)
        return backoff + jitter * self.factor_seconds


def parse_retry_after(value: str | None, *, now_seconds: float) -> float | None:
    """Return the seconds that a `Retry-After` field asks for, given as such or as an HTTP date; None if unreadable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 15 ms, for a server that is busy

    try:
        return max(parsedate_to_datetime(value).timestamp() - now_seconds, 0.0)
    except (ValueError, OverflowError):
        return None
