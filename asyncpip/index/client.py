"""Asks all indexes and find-links places what they list for a project, and files for their core metadata.

A place that cannot be asked is skipped with a warning and the others decide, as in pip.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from asyncpip.core.events import Level, Message
from asyncpip.core.urls import redact
from asyncpip.errors import IndexAccessError
from asyncpip.index.addresses import PAGES, is_remote, page_url
from asyncpip.index.answer_records import LINKS_PAGES, PROJECT_LISTS
from asyncpip.index.answers import Answers, StatusError
from asyncpip.index.late_writes import LateWrites
from asyncpip.index.metadata_client import fetch_metadata
from asyncpip.index.page import page_from_record, page_record, parse_page
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.page import PageFile, ProjectPage
    from asyncpip.core.ports import RecordStore
    from asyncpip.index.answers import MakeRecord
    from asyncpip.index.links_page import LinksPage
    from asyncpip.index.metadata_client import MetadataResult
    from asyncpip.index.project_list import ProjectList
    from asyncpip.net.content_encoding import EncodedBody, Octets
    from asyncpip.net.transport import Transport

REFRESH_ALL = ":all:"
PROJECT_LIST_USABLE_SECONDS = 3600
"""A list of 25 MB that changes with each new project does for an hour, to whom looks for one by name."""
_UNREACHABLE = (FailureKind.NAME, FailureKind.CONNECT, FailureKind.TLS, FailureKind.PROXY)
_NOT_FOUND = (404, 410)


class _Place:
    """One index or find-links location, and what this run has learnt about it."""

    __slots__ = ("answered", "is_trusted", "links", "location", "lock", "told", "unreachable")

    def __init__(self, location: str) -> None:
        self.location = location
        self.answered = False
        self.unreachable = False
        """No connection was ever made: asking for hundreds of further projects would only cost their timeouts."""
        self.told: set[object] = set()
        """Kinds of failure that were told; some indexes answer 403 for each project that they do not have."""
        self.lock = anyio.Lock()
        self.is_trusted: bool | None = None
        """Whether pages may come from there; None until that was asked."""
        self.links: list[LinksPage] | None = None
        """What a find-links place lists, once it has been read."""


class IndexClient:
    """What all places list. Made inside the event loop.

    An async context manager: leaving it waits until the last record is written.
    """

    def __init__(
        self,
        transport: Transport,
        records: RecordStore,
        reporter: Reporter,
        *,
        index_urls: Sequence[str],
        find_links: Sequence[str] = (),
        is_trusted_origin: Callable[[str], bool],
        refresh: Collection[str] = (),
        offline: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``refresh`` holds normalized names or `:all:`; ``offline`` sends nothing and takes stale records too."""
        self._transport = transport
        self._reporter = reporter
        self._indexes = [_Place(url) for url in dict.fromkeys(index_urls)]
        self._find_links = [_Place(location) for location in dict.fromkeys(find_links)]
        self._is_trusted_origin = is_trusted_origin
        self._untrusted: set[str] = set()
        self._refresh = refresh
        self._offline = offline
        self._writers = anyio.create_task_group()
        self.writes = LateWrites(self._writers)
        """What is to be written beside the run."""
        self._answers = Answers(
            transport, records, self.writes, locations=(*index_urls, *find_links), offline=offline, now=now
        )

    async def __aenter__(self) -> Self:
        await self._writers.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        self.writes.hurry()
        return await self._writers.__aexit__(kind, value, traceback)

    @property
    def recognisable_pages(self) -> Mapping[str, str] | None:
        """What was looked at, by page address: `Freshness.identity`, what each is recognised by.

        None where one of them cannot be recognised again, or something else had a say.
        """
        pages = {key: identity for key, identity in self._answers.identities.items() if identity is not None}
        return pages if self._is_all_told and len(pages) == len(self._answers.identities) else None

    async def confirm_pages(self, identities: Mapping[str, str]) -> bool:
        """Return whether ``identities``, an earlier run's `recognisable_pages`, still hold; see `Answers.confirm`."""
        return await self._answers.confirm(identities, bucket=PAGES)

    @property
    def _is_all_told(self) -> bool:
        """Whether all places are indexes on the network, and each answered whatever it was asked."""
        return not (self._find_links or self._untrusted) and all(
            is_remote(place.location) and not place.told for place in self._indexes
        )

    @property
    def failed_places(self) -> tuple[str, ...]:
        """Locations, without credentials, that did not answer what they were asked, or were not to be asked."""
        places = [*self._indexes, *self._find_links]
        failed = [place for place in places if place.is_trusted is False or place.told.difference(_NOT_FOUND)]
        return tuple(redact(place.location) for place in failed)

    @property
    def fresh_until(self) -> float:
        """Until when the same questions would get the same answers without a request, in seconds since the epoch.

        0 where one of them was not answered, or read from a place that says nothing about that.
        """
        return self._answers.fresh_until if self._is_all_told else 0

    async def fetch_pages(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        """Return what the indexes, then the find-links places, list for ``name``, each in the order given.

        All are asked at once. One that fails is told to the reporter and left out.
        """
        found: list[list[ProjectPage]] = [[] for _ in range(len(self._indexes) + len(self._find_links))]

        async def ask_index(place: _Place, into: list[ProjectPage]) -> None:
            page = await self._index_page(place, name)
            into += [page] if page is not None else []

        async def ask_links(place: _Place, into: list[ProjectPage]) -> None:
            pages = [links.for_project(name) for links in await self._links(place)]
            into += [page for page in pages if page is not None]

        if len(found) == 1 and self._indexes:
            await ask_index(self._indexes[0], found[0])
        else:
            async with anyio.create_task_group() as tasks:
                for at, place in enumerate(self._indexes):
                    tasks.start_soon(ask_index, place, found[at])
                for at, place in enumerate(self._find_links, start=len(self._indexes)):
                    tasks.start_soon(ask_links, place, found[at])
        return tuple(page for pages in found for page in pages)

    async def fetch_project_lists(self) -> tuple[ProjectList, ...]:
        """Return the lists of all projects of those indexes that give one, in the order given; all are asked at once.

        One that fails is told to the reporter and left out; one that has no list is left out.
        """
        found: list[list[ProjectList]] = [[] for _ in self._indexes]

        async def ask(place: _Place, into: list[ProjectList]) -> None:
            listed = await self._project_list(place)
            into += [listed] if listed is not None else []

        async with anyio.create_task_group() as tasks:
            for place, into in zip(self._indexes, found, strict=True):
                tasks.start_soon(ask, place, into)
        return tuple(listed for lists in found for listed in lists)

    async def fetch_metadata(self, file: PageFile) -> MetadataResult:
        """Return the core metadata of ``file``, and the archive where it came on the way; see `metadata_client`."""
        return await fetch_metadata(self._transport, file, self._reporter, offline=self._offline)

    async def _index_page(self, place: _Place, name: NormalizedName) -> ProjectPage | None:
        url = page_url(place.location, name)
        page: ProjectPage | None = None
        with self._skipping(place, url):
            if not is_remote(place.location):
                from asyncpip.index.local_places import read_index_directory  # noqa: PLC0415 - like all here: rare

                page = await anyio.to_thread.run_sync(read_index_directory, place.location, name, self._reporter)
            elif not place.unreachable and self._is_allowed(place):
                page = await self._remote_index_page(url, name)
                place.answered = True
                if page is not None:
                    page.is_private = self._answers.is_private(url)
        return page

    async def _remote_index_page(self, url: str, name: NormalizedName) -> ProjectPage | None:
        def parse(
            body: Octets, encoded: EncodedBody, content_type: str, final_url: str
        ) -> tuple[ProjectPage, MakeRecord]:
            page = parse_page(body, encoded, content_type=content_type, url=final_url, project=name)
            return page, lambda: page_record(page)

        refresh = REFRESH_ALL in self._refresh or name in self._refresh
        return await self._answers.fetch(url, bucket=PAGES, parse=parse, from_record=page_from_record, refresh=refresh)

    async def _project_list(self, place: _Place) -> ProjectList | None:
        from asyncpip.index.project_list import parse_project_list, project_list_from_record  # noqa: PLC0415 - rare

        if not is_remote(place.location):
            from asyncpip.index.local_places import read_project_directory  # noqa: PLC0415 - rare

            return await anyio.to_thread.run_sync(read_project_directory, place.location, self._reporter)
        url = place.location.rstrip("/") + "/"
        if not self._is_allowed(place):
            return None

        def parse(
            body: Octets, _encoded: EncodedBody, content_type: str, final_url: str
        ) -> tuple[ProjectList, MakeRecord]:
            listed = parse_project_list(body, content_type=content_type, url=final_url)
            return listed, lambda: [listed.to_record()]

        listed: ProjectList | None = None
        with self._skipping(place, url):
            listed = await self._answers.fetch(
                url,
                bucket=PROJECT_LISTS,
                parse=parse,
                from_record=project_list_from_record,
                refresh=REFRESH_ALL in self._refresh,
                usable_for_seconds=PROJECT_LIST_USABLE_SECONDS,
            )
            place.answered = True
        return listed

    async def _links(self, place: _Place) -> list[LinksPage]:
        """Return what a find-links place lists; it is read once in a run."""
        async with place.lock:
            if place.links is None:
                place.links = await self._read_links(place)
            return place.links

    async def _read_links(self, place: _Place) -> list[LinksPage]:
        if not is_remote(place.location):
            from asyncpip.index.local_places import read_find_links_place  # noqa: PLC0415 - rare

            return await anyio.to_thread.run_sync(read_find_links_place, place.location, self._reporter)
        from asyncpip.index.links_page import (  # noqa: PLC0415 - rare
            is_archive_url,
            links_of_archive,
            links_page_from_record,
            parse_links_page,
        )

        if is_archive_url(place.location):
            return [links_of_archive(place.location)]
        if not self._is_allowed(place):
            return []

        def parse(
            body: Octets, _encoded: EncodedBody, content_type: str, final_url: str
        ) -> tuple[LinksPage, MakeRecord]:
            parsed = parse_links_page(body, content_type=content_type, url=final_url)
            return parsed, lambda: [parsed.to_record()]

        page: LinksPage | None = None
        with self._skipping(place, place.location):
            page = await self._answers.fetch(
                place.location,
                bucket=LINKS_PAGES,
                parse=parse,
                from_record=links_page_from_record,
                refresh=REFRESH_ALL in self._refresh,
            )
        return [page] if page is not None else []

    @contextmanager
    def _skipping(self, place: _Place, url: str) -> Iterator[None]:
        """Turn a failure of ``place`` into a message: a warning for the first of its kind, less for the next."""
        try:
            yield
        except StatusError as error:
            place.answered = True
            level = Level.DEBUG if error.status in _NOT_FOUND else Level.WARNING
            self._tell(place, error.status, level, f"Could not fetch URL {redact(url)}: {error} - skipping")
        except TransportError as error:
            if error.kind in _UNREACHABLE and not place.answered:
                place.unreachable = True
            text = f"Could not fetch URL {redact(url)}: {error.why or error.what} - skipping"
            self._tell(place, error.kind, Level.WARNING, text)
        except IndexAccessError as error:
            why = f": {error.why}" if error.why else ""
            self._tell(place, "page", Level.WARNING, f"Skipping page {redact(url)} because {error.what}{why}")

    def _tell(self, place: _Place, kind: object, level: Level, text: str) -> None:
        if kind in place.told:
            level = min(level, Level.VERBOSE)
        place.told.add(kind)
        self._reporter.emit(Message(level, text))

    def _is_allowed(self, place: _Place) -> bool:
        """Return whether pages may come from ``place``; tell once a host where not, in pip's words."""
        if place.is_trusted is None:
            place.is_trusted = self._is_trusted_origin(place.location)
        if place.is_trusted:
            return True
        try:
            parts = urlsplit(place.location)
            host, _ = parts.hostname or "", parts.port
        except ValueError as error:
            self._tell(place, "address", Level.WARNING, f"{redact(place.location)} is ignored: it is no URL ({error})")
            return False
        if host not in self._untrusted:
            self._untrusted.add(host)
            text = (
                f"The repository located at {host} is not a trusted or secure host and is being ignored. If this "
                f"repository is available via HTTPS we recommend you use HTTPS instead, otherwise you may silence "
                f"this warning and allow it anyway with '--trusted-host {host}'."
            )
            self._reporter.emit(Message(Level.WARNING, text))
        return False
