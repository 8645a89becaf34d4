"""Pages in the store, with their freshness.

Two records an answer: its content, large, and its freshness, small. A 304 renews the small one only, and whether an
earlier resolution still holds can be told from the small ones. They belong together where the identity agrees;
another process may have written one of them in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import msgspec

from asyncpip.index.freshness import Freshness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncpip.core.ports import RecordStore
    from asyncpip.net.content_encoding import Octets

LINKS_PAGES = "links-pages-v2"
"""Find-links pages, as `links_page.links_page_from_record` reads them."""
PROJECT_LISTS = "project-lists-v2"
"""Root pages, as `project_list.project_list_from_record` reads them."""

T = TypeVar("T")
_FRESHNESS = msgspec.msgpack.Decoder(Freshness)
_CONTENT = msgspec.msgpack.Decoder(tuple[str, bytes])


def before_octets(encoded: bytes, size_bytes: int) -> bytes:
    """Return ``encoded``, MessagePack with empty bytes as its last field, such that so many bytes can follow."""
    return encoded.removesuffix(b"\xc4\x00") + b"\xc6" + size_bytes.to_bytes(4, "big")


class StoredAnswer(NamedTuple, Generic[T]):
    """An answer that was fetched in an earlier run."""

    content: T
    freshness: Freshness


class AnswerRecords:
    """Answers of one kind in a `RecordStore`. Blocks for the disk: belongs into a worker thread."""

    def __init__(self, records: RecordStore, bucket: str) -> None:
        self._records = records
        self._bucket = bucket
        self.freshness_bucket = "freshness-of-" + bucket

    def read_freshness(self, key: str) -> Freshness | None:
        """Return how long the stored answer is good, or None where there is none."""
        data = self._records.read_record(self.freshness_bucket, key)
        try:
            return _FRESHNESS.decode(data) if data else None
        except msgspec.DecodeError:
            return None

    def have(self, identities: Mapping[str, str]) -> bool:
        """Return whether the stored answers are those of ``identities``, by key."""
        return all(
            (freshness := self.read_freshness(key)) is not None and freshness.identity == identity
            for key, identity in identities.items()
        )

    def read(
        self, key: str, from_record: Callable[[bytes], T], *, fresh_at: float | None = None
    ) -> StoredAnswer[T] | None:
        """Return the stored answer, or None; with ``fresh_at`` only one that may be used then without asking.

        A ``from_record`` that raises `ValueError` makes a miss.
        """
        freshness = self.read_freshness(key)
        if freshness is None or (fresh_at is not None and not freshness.is_fresh(fresh_at)):
            return None
        data = self._records.read_record(self._bucket, key)
        if data is None:
            return None
        try:
            identity, content = _CONTENT.decode(data)
            return StoredAnswer(from_record(content), freshness) if identity == freshness.identity else None
        except (msgspec.DecodeError, ValueError):
            return None

    def write(self, key: str, content: Sequence[Octets], freshness: Freshness) -> None:
        """Keep ``content``, one part behind the other, then its freshness, so that the latter never comes alone."""
        head = msgspec.msgpack.encode((freshness.identity, b""))
        self._records.write_record(self._bucket, key, before_octets(head, sum(map(len, content))), *content)
        self.write_freshness(key, freshness)

    def write_freshness(self, key: str, freshness: Freshness) -> None:
        """Renew the freshness of an answer that the server confirmed."""
        self._records.write_record(self.freshness_bucket, key, msgspec.msgpack.encode(freshness))

    def forget(self, key: str) -> None:
        """Make the stored answer a miss."""
        self._records.write_record(self.freshness_bucket, key, b"")
