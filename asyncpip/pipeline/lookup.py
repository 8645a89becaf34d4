"""What all indexes and find-links places list for many projects, asked side by side: for commands that only look.

`look_up_projects` takes names and gives the pages of each, in the order of the places; `latest` of a page, or which
files count, is the caller's question to `resolve.candidates.CandidateList`. Places, proxies, credentials, TLS,
retries and cached answers are those of `install`: what makes a `LookUp` of settings is `commands/index_questions.py`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import anyio

from asyncpip.core.events import Stage, StageProgress
from asyncpip.core.values import Value
from asyncpip.index.client import IndexClient
from asyncpip.net.trust import is_trusted_origin
from asyncpip.pipeline.late_transport import LateTransport
from asyncpip.pipeline.loop import run_in_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.ports import RecordStore
    from asyncpip.core.urls import Credentials
    from asyncpip.net.transport import TransportOptions


class LookUp(Value, shown=False):
    """Which places are asked, and how."""

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    refresh: frozenset[str]
    """Normalised names, or `:all:` in it."""
    offline: bool
    transport: TransportOptions
    environ: Mapping[str, str]
    records: RecordStore | None
    """Where answers are kept and looked for; None keeps nothing."""
    prompt: Callable[[str], Credentials | None] | None = None


class LookedUp(NamedTuple):
    """What was found."""

    pages: dict[NormalizedName, tuple[ProjectPage, ...]]
    """Of each name; empty where nobody knows it."""
    failed_places: tuple[str, ...]
    """See `IndexClient.failed_places`."""


def look_up_projects(names: Sequence[NormalizedName], how: LookUp, reporter: Reporter) -> LookedUp:
    """Return the pages of each of ``names``; blocks, and owns the loop.

    A place that fails is told to ``reporter`` and left out, as in `install`.
    """
    return run_in_loop(_look_up, names, how, reporter)


async def _look_up(names: Sequence[NormalizedName], how: LookUp, reporter: Reporter) -> LookedUp:
    found: dict[NormalizedName, tuple[ProjectPage, ...]] = dict.fromkeys(names, ())
    answered = 0
    reporter.emit(StageProgress(Stage.ASKING, 0, len(found)))
    async with open_index(how, reporter) as index:

        async def ask(name: NormalizedName) -> None:
            nonlocal answered
            found[name] = await index.fetch_pages(name)
            answered += 1
            reporter.emit(StageProgress(Stage.ASKING, answered, len(found), name))

        # How many requests are open at once is the transport's affair, for each host.
        async with anyio.create_task_group() as tasks:
            for name in found:
                tasks.start_soon(ask, name)
    return LookedUp(found, index.failed_places)


@asynccontextmanager
async def open_index(how: LookUp, reporter: Reporter) -> AsyncIterator[IndexClient]:
    """Give what asks the places; at the end its connections are closed and its records written."""
    transport = LateTransport(how.transport, reporter, how.environ, prompt=how.prompt)
    try:
        async with IndexClient(
            transport,
            how.records or _Forgetful(),
            reporter,
            index_urls=how.index_urls,
            find_links=how.find_links,
            is_trusted_origin=lambda url: is_trusted_origin(url, how.transport.trusted_hosts),
            refresh=how.refresh,
            offline=how.offline,
        ) as index:
            yield index
    finally:
        with anyio.CancelScope(shield=True):
            await transport.aclose()


class _Forgetful:
    """A `RecordStore` for a run without a cache."""

    def read_record(self, bucket: str, key: str) -> bytes | None:  # noqa: ARG002 - the protocol's
        """Return None."""
        return None

    def write_record(self, bucket: str, key: str, *data: bytes | bytearray) -> None:
        """Keep nothing."""
