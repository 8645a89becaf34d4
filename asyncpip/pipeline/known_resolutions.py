"""Resolutions of earlier runs: the same question over unchanged pages is answered without solving.

The key is the question itself, with all that it consists of. A record names the pages that were looked at and what
each was recognised by; it counts only while they are the same, as the store knows them or as their servers confirm.
Metadata of wheels needs no such look: it is kept by their digest. What rests on anything else is never kept: sources,
whose metadata a build may have found out, direct references, find-links places, indexes that did not answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.events import LEVELS, Level, Message
from asyncpip.core.page import PageFile  # noqa: TC001 - msgspec reads the annotation
from asyncpip.core.resolution import Resolution, Resolved
from asyncpip.core.value_text import text_of
from asyncpip.core.values import replace
from asyncpip.pipeline.metadata_records import MetadataRecords
from asyncpip.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.events import Event, Reporter
    from asyncpip.index.client import IndexClient
    from asyncpip.pipeline.session import Places
    from asyncpip.resolve.resolver import ResolveRequest
    from asyncpip.store.store import Store

BUCKET = "resolutions-v1"
_WHERE_ONLY = frozenset(("location", "info_path", "cancelled", "answers"))
"""Fields that an answer does not depend on: where an installed distribution is, who may end the search, what a
selection has worked out so far."""
_KNOWN = "the same was asked before, and no page has changed since: nothing to search for"


class _Decision(msgspec.Struct, frozen=True, array_like=True):
    """A `Resolved`, for the disk."""

    name: str
    version: str | None
    """None for what is installed."""
    file: PageFile | None
    tag_rank: int | None
    page_url: str | None
    requested: bool
    requested_extras: list[str]
    dependencies: list[str]
    wanted_by: str
    requirement_text: str
    metadata_name: str


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pages: dict[str, str]
    """By address, what each was recognised by."""
    messages: list[tuple[int, str]]
    """What the search told, by level."""
    decisions: list[_Decision]


_LEVELS = {int(level): level for level in LEVELS}
_decode = msgspec.msgpack.Decoder(_Record).decode
_encode = msgspec.msgpack.Encoder().encode


class Listener:
    """A `Reporter` that passes on what it takes, and knows afterwards what was told."""

    def __init__(self, reporter: Reporter) -> None:
        self.messages: list[tuple[int, str]] = []
        self._reporter = reporter

    @property
    def has_warnings(self) -> bool:
        """Whether a warning was among it."""
        return _has_warnings(self.messages)

    def emit(self, event: Event) -> None:
        """See `Reporter`."""
        if isinstance(event, Message) and event.level >= Level.INFO:
            self.messages.append((int(event.level), event.text))
        self._reporter.emit(event)


class KnownResolutions:
    """Those in one run's store, for questions to the places of that run."""

    def __init__(self, store: Store, index: IndexClient, places: Places) -> None:
        self._store = store
        self._index = index
        self._places = places
        self._metadata = MetadataRecords(store)

    def key_of(self, request: ResolveRequest) -> str | None:
        """Return all that the answer depends on beside pages; None where it depends on more, or nothing is kept."""
        if self._store.is_temporary or self._places.find_links or request.selection.uploaded_prior_to is not None:
            return None  # a moment may be "three days ago", another one each time
        asked = replace(request, installed={}) if request.ignore_installed else request
        places = self._places
        parts = (asked, places.index_urls, places.locked_files, places.transport.trusted_hosts)
        try:
            return f"{VERSION} {text_of(parts, _WHERE_ONLY)}"
        except TypeError:
            return None

    async def find(self, key: str | None, request: ResolveRequest, reporter: Reporter) -> Resolution | None:
        """Return the answer of an earlier run, where it still holds; say again what was said then."""
        if key is None or self._places.refresh:
            return None
        try:
            record = _decode(self._store.read_record(BUCKET, key) or b"")
        except msgspec.DecodeError:
            return None
        decisions = [_resolved(each, request.installed) for each in record.decisions]
        here = [each for each in decisions if each is not None and self._is_here(each)]
        if len(here) != len(decisions) or not await self._index.confirm_pages(record.pages):
            return None
        for level, text in record.messages:
            reporter.emit(Message(_LEVELS[level], text))
        reporter.emit(Message(Level.VERBOSE, _KNOWN))
        return Resolution(
            decisions=tuple(here), has_warnings=_has_warnings(record.messages), has_messages=bool(record.messages)
        )

    def keep(self, key: str | None, resolution: Resolution, told: Listener) -> None:
        """Remember an answer, unless it rests on pages that nobody could recognise again."""
        pages = self._index.recognisable_pages
        if key is None or pages is None or not all(map(_is_kept, resolution.decisions)):
            return
        record = _Record(dict(pages), told.messages, [_decision(each) for each in resolution.decisions])
        self._index.writes.add(lambda: self._store.write_record(BUCKET, key, _encode(record)))

    def _is_here(self, decision: Resolved) -> bool:
        """Return whether the store still stands by what was said of a wheel; a wheel that said otherwise ends that."""
        choice = decision.choice
        return not isinstance(choice, Candidate) or self._metadata.stands_by(choice.file)


def _has_warnings(messages: Iterable[tuple[int, str]]) -> bool:
    return any(level >= int(Level.WARNING) for level, _ in messages)


def _is_kept(decision: Resolved) -> bool:
    choice = decision.choice
    return not isinstance(choice, Candidate) or (choice.direct_url is None and choice.file.is_wheel)


def _decision(decision: Resolved) -> _Decision:
    choice = decision.choice
    candidate = choice if isinstance(choice, Candidate) else None
    return _Decision(
        name=decision.name,
        version=None if candidate is None else str(candidate.version),
        file=None if candidate is None else candidate.file,
        tag_rank=None if candidate is None else candidate.tag_rank,
        page_url=None if candidate is None else candidate.page_url,
        requested=decision.requested,
        requested_extras=sorted(decision.requested_extras),
        dependencies=list(decision.dependencies),
        wanted_by=decision.wanted_by,
        requirement_text=decision.requirement_text,
        metadata_name=decision.metadata_name,
    )


def _resolved(kept: _Decision, installed: Mapping[NormalizedName, InstalledDistribution]) -> Resolved | None:
    """Return the decision; None where what was installed is not any more."""
    name: NormalizedName = kept.name  # type: ignore[assignment]  # it was one when it was kept
    choice: Candidate | InstalledDistribution | None
    if kept.file is None or kept.version is None:
        choice = installed.get(name)
    else:
        choice = Candidate(
            name=name,
            version=Version(kept.version),
            file=kept.file,
            tag_rank=kept.tag_rank,
            page_url=kept.page_url,
        )
    if choice is None:
        return None
    return Resolved(
        name=name,
        choice=choice,
        requested=kept.requested,
        requested_extras=frozenset(kept.requested_extras),
        dependencies=tuple(kept.dependencies),  # type: ignore[arg-type]  # as above
        wanted_by=kept.wanted_by,
        requirement_text=kept.requirement_text,
        metadata_name=kept.metadata_name,
    )
