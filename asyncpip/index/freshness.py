"""How long a stored answer is good, and how to ask whether it still is (RFC 9111, for a private cache).

Without an explicit lifetime an answer is stale at once: no heuristic freshness (§4.2.2), as pip has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Freshness(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an answer's header fields say about using it again."""

    fetched_at_seconds: float
    """When the server made it: our clock at arrival, less its `Age`. Seconds since the epoch."""
    max_age_seconds: int | None = None
    """None where the server gives no lifetime."""
    etag: str | None = None
    last_modified: str | None = None
    must_ask: bool = False
    """`no-cache`: never used without asking."""
    must_not_store: bool = False
    """`no-store`, or `Vary: *`, which no later request can match."""
    must_revalidate: bool = False
    """Never used stale, even where the server cannot be reached."""
    is_private: bool = False
    """Credentials were sent for it, so it is used without asking only by who has some: the store serves runs with other
    settings too, and `public` (RFC 9111 §3.5) speaks of caches that many share by intent."""

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], now: float, *, is_private: bool = False) -> Freshness:
        """Return what ``headers`` (names in lower case) of an answer that arrived at ``now`` say."""
        directives = _directives(headers.get("cache-control", ""))
        max_age = _seconds(directives.get("max-age"))
        if max_age is None and "max-age" not in directives:
            max_age = _lifetime_by_expires(headers)
        return cls(
            fetched_at_seconds=now - (_seconds(headers.get("age")) or 0),
            max_age_seconds=max_age,
            etag=headers.get("etag") or None,
            last_modified=headers.get("last-modified") or None,
            must_ask="no-cache" in directives,
            must_not_store="no-store" in directives or "*" in headers.get("vary", ""),
            must_revalidate="must-revalidate" in directives,
            is_private=is_private,
        )

    @property
    def fresh_until(self) -> float:
        """When the answer gets stale, in seconds since the epoch; 0 where it never is to be used without asking."""
        if self.must_ask or self.must_not_store or self.max_age_seconds is None:
            return 0
        return self.fetched_at_seconds + self.max_age_seconds

    def is_fresh(self, now: float) -> bool:
        """Return whether the answer may be used at ``now`` without asking.

        An answer from the future (the clock was set back) is stale, since its age is not known.
        """
        return self.fetched_at_seconds <= now < self.fresh_until

    def is_usable(self, now: float, for_seconds: float) -> bool:
        """Return whether the answer is fresh at ``now``, or does for who takes one of that age (RFC 9111 §5.2.1.2).

        Where the server forbids to use it stale, it does not.
        """
        if self.is_fresh(now):
            return True
        forbidden = self.must_ask or self.must_not_store or self.must_revalidate
        return not forbidden and self.fetched_at_seconds <= now < self.fetched_at_seconds + for_seconds

    @property
    def is_storable(self) -> bool:
        """Whether keeping the answer can save anything later."""
        return not self.must_not_store and bool(self.etag or self.last_modified or self.max_age_seconds)

    @property
    def identity(self) -> str:
        """What tells this answer from other answers of the same address: the validator, else the time."""
        return self.etag or self.last_modified or repr(self.fetched_at_seconds)

    def conditional_headers(self) -> dict[str, str]:
        """Return the header fields that ask for a 304 where nothing has changed (RFC 9110 §13.1)."""
        headers = {}
        if self.etag:
            headers["if-none-match"] = self.etag
        if self.last_modified:
            headers["if-modified-since"] = self.last_modified
        return headers

    def confirmed(self, headers: Mapping[str, str], now: float, *, is_private: bool = False) -> Freshness:
        """Return the freshness after a 304 with ``headers`` (RFC 9111 §4.3.4).

        A lifetime that it names replaces the stored one; the validators stay, since they chose what is confirmed.
        """
        new = Freshness.from_headers(headers, now)
        said = bool(headers.get("cache-control") or headers.get("expires"))
        source = new if said else self
        return Freshness(
            fetched_at_seconds=new.fetched_at_seconds,
            max_age_seconds=source.max_age_seconds,
            etag=self.etag,
            last_modified=self.last_modified,
            must_ask=source.must_ask,
            must_not_store=source.must_not_store,
            must_revalidate=source.must_revalidate,
            is_private=is_private,
        )


def _directives(cache_control: str) -> dict[str, str | None]:
    """Return the directives of a `Cache-Control` field; of repeated ones the first (RFC 9111 §4.2.1)."""
    found: dict[str, str | None] = {}
    for part in cache_control.split(","):
        name, equals, value = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip().strip('"') if equals else None)
    return found


def _seconds(text: str | None) -> int | None:
    """Return a delta-seconds value (RFC 9111 §1.2.2); None where it is none, which counts as stale."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _lifetime_by_expires(headers: Mapping[str, str]) -> int | None:
    """Return `Expires` less `Date` in seconds; 0 for a malformed `Expires` (§5.3); None where there is none."""
    if "expires" not in headers:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 10 ms, and almost no index sends this field

    try:
        expires = parsedate_to_datetime(headers["expires"]).timestamp()
        date = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return 0
    return max(0, int(expires - date))
