"""Pages over HTTP, each used again as long as its server allows, and asked about again where it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from asyncpip.core.urls import redact, split_credentials
from asyncpip.errors import IndexAccessError
from asyncpip.index.addresses import record_key
from asyncpip.index.answer_records import AnswerRecords
from asyncpip.index.freshness import Freshness
from asyncpip.index.page import HTML_TYPE, JSON_TYPE, PAGE_LIMIT_BYTES
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from asyncpip.core.ports import RecordStore
    from asyncpip.index.late_writes import LateWrites
    from asyncpip.net.content_encoding import EncodedBody, Octets
    from asyncpip.net.transport import Response, Transport

ACCEPT = f"{JSON_TYPE}, {HTML_TYPE};q=0.1, text/html;q=0.01"
INLINE_BYTES = 256 * 1024
"""A page up to this size is parsed on the loop: 1 ms, about what two switches of threads cost under load."""
INLINE_PACKED_BYTES = INLINE_BYTES // 5
"""Pages pack to a quarter or less."""
WORKERS = 2

_OK = 200
_NOT_MODIFIED = 304

T = TypeVar("T")
MakeRecord: TypeAlias = "Callable[[], Sequence[Octets]]"
"""Makes a record, part by part."""


class StatusError(IndexAccessError):
    """The server answered, but not with a page."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"HTTP status {status} for {redact(url)}")
        self.status = status


class Answers:
    """One run's view of the pages that servers give, over a Transport and the records of earlier runs.

    ``writes`` takes what is to be written; who gave it waits for that.
    """

    def __init__(
        self,
        transport: Transport,
        records: RecordStore,
        writes: LateWrites,
        *,
        locations: Iterable[str],
        offline: bool,
        now: Callable[[], float],
    ) -> None:
        """``locations`` are the places asked, as given; ``offline`` sends nothing, and takes stale records too."""
        self._given = [record_key(url) for url in locations if "@" in url and _holds_credentials(url)]
        """Those that hold credentials, without these."""
        self._transport = transport
        self._records = records
        self._writes = writes
        self._offline = offline
        self._now = now
        self._identities: dict[str, str | None] = {}
        self._private: set[str] = set()
        self.fresh_until = float("inf")
        """When the first of the answers looked at gets stale, in seconds since the epoch; 0 where one was not fresh."""
        self._readers = anyio.CapacityLimiter(WORKERS)

    @property
    def identities(self) -> Mapping[str, str | None]:
        """What was looked at, by address: `Freshness.identity`, or None for what could not be recognised again."""
        return self._identities

    def is_private(self, url: str) -> bool:
        """Return whether credentials were sent for the answer from ``url``, in this run or when it was stored."""
        return record_key(url) in self._private

    async def confirm(self, identities: Mapping[str, str], *, bucket: str) -> bool:
        """Return whether the stored answers are those of ``identities`` still; asks about stale ones, all at once.

        Nothing is read but their freshness, and where one has changed nothing of the new one.
        """
        records = AnswerRecords(self._records, bucket)
        now = self._now()
        stale: dict[str, Freshness] = {}
        known: dict[str, Freshness] = {}
        for key, identity in identities.items():
            freshness = records.read_freshness(key)
            if freshness is None or freshness.identity != identity:
                return False
            if not await self._may_use(key, freshness):
                return False
            if self._offline or freshness.is_fresh(now):
                known[key] = freshness
            else:
                stale[key] = freshness
        renewed = await self._ask_all(stale, records)
        if renewed is None:
            return False
        self._identities.update(identities)
        for key, freshness in (known | renewed).items():
            self._note(key, freshness)
        return True

    async def _ask_all(self, stale: Mapping[str, Freshness], records: AnswerRecords) -> dict[str, Freshness] | None:
        """Return what servers say of ``stale`` answers, kept; None where one has changed or cannot be asked about."""
        renewed: dict[str, Freshness] = {}
        if not all(freshness.conditional_headers() for freshness in stale.values()):
            return None

        async def ask(key: str, freshness: Freshness) -> None:
            try:
                async with self._get(key, freshness, refresh=False) as response:
                    if response.status == _NOT_MODIFIED:
                        is_private = response.has_used_credentials
                        confirmed = freshness.confirmed(response.headers, self._now(), is_private=is_private)
                        renewed[key] = confirmed
                        self._writes.add(lambda: records.write_freshness(key, confirmed))
                        return
            except TransportError:
                pass  # whoever asks for the page itself tells of it
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for key, freshness in stale.items():
                tasks.start_soon(ask, key, freshness)
        return renewed if len(renewed) == len(stale) else None

    async def fetch(
        self,
        url: str,
        *,
        bucket: str,
        parse: Callable[[Octets, EncodedBody, str, str], tuple[T, MakeRecord]],
        from_record: Callable[[bytes], T],
        refresh: bool,
        usable_for_seconds: float = 0,
    ) -> T | None:
        """Return the page at ``url``, or None where that would need the network and it is not to be used.

        ``parse`` takes the body, the same as it came, content type and final address, and gives the page and what makes
        its record. An answer that is not older than ``usable_for_seconds`` does for the caller even where its server
        thinks it stale. Raises
        `StatusError`, `TransportError`, and what ``parse`` raises.
        """
        records = AnswerRecords(self._records, bucket)
        key = record_key(url)
        stored = None
        if records.read_freshness(key) is not None:  # mostly nothing is there, and no thread needed to find that out
            stored = await anyio.to_thread.run_sync(records.read, key, from_record, limiter=self._readers)
        if (
            stored is not None
            and (self._offline or (not refresh and stored.freshness.is_usable(self._now(), usable_for_seconds)))
            and await self._may_use(key, stored.freshness)
        ):
            self._identities[key] = stored.freshness.identity
            self._note(key, stored.freshness)
            return stored.content
        if self._offline:
            return None
        async with self._get(url, None if stored is None else stored.freshness, refresh=refresh) as response:
            now = self._now()
            if response.status == _NOT_MODIFIED and stored is not None:
                is_private = response.has_used_credentials
                renewed = stored.freshness.confirmed(response.headers, now, is_private=is_private)
                self._identities[key] = renewed.identity
                self._note(key, renewed)
                self._writes.add(lambda: records.write_freshness(key, renewed))
                return stored.content
            if response.status != _OK:
                self.fresh_until = 0  # it may be there the next time
                raise StatusError(url, response.status)
            freshness = Freshness.from_headers(response.headers, now, is_private=response.has_used_credentials)
            content_type, final_url = response.headers.get("content-type", ""), response.url
            encoded = await response.read_encoded(PAGE_LIMIT_BYTES)

        def read() -> tuple[T, MakeRecord]:
            try:
                body = encoded.decoded(PAGE_LIMIT_BYTES)
            except ValueError as error:
                raise TransportError(FailureKind.PROTOCOL, final_url, str(error)) from error
            return parse(body, encoded, content_type, final_url)

        is_large = len(encoded.data) > (INLINE_PACKED_BYTES if encoded.encoding else INLINE_BYTES)
        page, to_record = await anyio.to_thread.run_sync(read, limiter=self._readers) if is_large else read()
        self._note(key, freshness)
        if freshness.is_storable or (usable_for_seconds and not freshness.must_not_store):
            self._identities[key] = freshness.identity
            self._writes.add(lambda: records.write(key, to_record(), freshness))
        else:
            self._identities[key] = None
            if stored is not None:
                self._writes.add(lambda: records.forget(key))
        return page

    async def _may_use(self, key: str, freshness: Freshness) -> bool:
        """Return whether this run may see a stored answer without asking the server whether it may."""
        return not freshness.is_private or self._is_given(key) or await self._transport.has_credentials(key)

    def _is_given(self, key: str) -> bool:
        """Return whether the location that an answer is asked for by holds credentials."""
        return any(key == given or key.startswith(given.rstrip("/") + "/") for given in self._given)

    def _note(self, key: str, freshness: Freshness) -> None:
        """Note until when the same question has the same answer; credentials from elsewhere are no part of it."""
        if freshness.is_private:
            self._private.add(key)
        fresh_until = 0 if freshness.is_private and not self._is_given(key) else freshness.fresh_until
        self.fresh_until = min(self.fresh_until, fresh_until)

    def _get(self, url: str, stored: Freshness | None, *, refresh: bool) -> AbstractAsyncContextManager[Response]:
        headers = {"accept": ACCEPT, "accept-encoding": "gzip, deflate"}
        if refresh:
            headers["cache-control"] = "max-age=0"  # asks whether it has changed; no-cache would fetch it again
        if stored is not None:
            headers |= stored.conditional_headers()
        return self._transport.get(url.partition("#")[0], headers)


def _holds_credentials(url: str) -> bool:
    try:
        return split_credentials(url)[1] is not None
    except ValueError:
        return False  # whoever asks for it says so
