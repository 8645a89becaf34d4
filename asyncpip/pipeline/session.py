"""One run's network and store, joined: what the bridge asks, and where the answers come from."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectUrl
from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.metadata import CoreMetadata
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.requirement import DirectKind
from asyncpip.core.urls import filename_of, split_credentials, without_fragment
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import BuildError, RequirementError, StoreError
from asyncpip.fetch.downloader import Downloader
from asyncpip.fetch.wheels import WheelFetcher
from asyncpip.index.client import IndexClient
from asyncpip.install.manifest import Manifest
from asyncpip.install.unpacker import unpack_wheel
from asyncpip.net.trust import is_trusted_origin
from asyncpip.pipeline.bridge import parse_metadata
from asyncpip.pipeline.late_transport import LateTransport
from asyncpip.store.store import read_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.urls import Credentials
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.install.archive import Buffer
    from asyncpip.net.transport import TransportOptions
    from asyncpip.pipeline.limits import Limits
    from asyncpip.store.store import Store

METADATA_BUCKET = "metadata-v1"
"""Core metadata by SHA-256 of the wheel: MessagePack of `CoreMetadata` as an array."""
_decode_metadata = msgspec.msgpack.Decoder(CoreMetadata).decode
_encode_metadata = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where distributions come from in this run."""

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    refresh: frozenset[str]
    offline: bool
    transport: TransportOptions


class Session:
    """Answers questions about projects, metadata and archives. Made in the loop by `open_session`."""

    def __init__(
        self,
        store: Store,
        index: IndexClient,
        wheels: WheelFetcher,
        *,
        supports: Callable[[str], bool],
        hashes_of: Callable[[NormalizedName], AllowedHashes],
        requests: Callable[[], int],
    ) -> None:
        self.requests = requests
        """How many requests were sent so far."""
        self.store = store
        self.index = index
        self.wheels = wheels
        self._supports = supports
        self._hashes_of = hashes_of

    def read_known_metadata(self, file: PageFile) -> CoreMetadata | None:
        """Return core metadata that the store remembers for the file's digest. Blocks for one small read."""
        digest = file.hashes.get("sha256")
        data = self.store.read_record(METADATA_BUCKET, digest) if digest else None
        if data is None:
            return None
        try:
            return _decode_metadata(data)
        except msgspec.DecodeError:
            return None

    async def fetch_metadata(self, file: PageFile) -> bytes:
        """Return the METADATA of ``file``: from the index, from the wheel's tail, or from the whole wheel."""
        if not file.is_wheel:
            raise BuildError(
                f"{file.filename} is a source distribution, and building is not available yet in this version",
                hint="choose a version that has a wheel, or prefer wheels with `--only-binary :all:`",
            )
        result = await self.index.fetch_metadata(file)
        data = result.metadata
        if result.archive is not None:
            await self.wheels.keep_archive(file, result.archive, NO_HASHES)
        if data is None:
            stored = await self.wheels.fetch_wheel(file, NO_HASHES)
            data = await anyio.to_thread.run_sync(read_metadata_file, stored.tree)
        self._remember(file.hashes.get("sha256"), data, file.filename)
        return data

    async def fetch_archive(self, candidate: Candidate) -> StoredWheel:
        """Return the candidate's stored wheel, checked against what the user demands."""
        return await self.wheels.fetch_wheel(candidate.file, self._hashes_of(candidate.name))

    async def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        """Return the candidate behind a direct reference to a wheel; other kinds need a build."""
        direct = requirement.direct
        if direct is None:
            raise RequirementError(f"{requirement.text} is no direct reference")
        if direct.kind is not DirectKind.WHEEL:
            raise BuildError(
                f"{requirement.text} is a {direct.kind.value} and would have to be built, "
                "which is not available yet in this version",
                hint="give the path or URL of a wheel instead",
            )
        url = without_fragment(direct.url)
        filename = filename_of(url)
        name = parse_wheel_name(filename)
        if name is None:
            raise RequirementError(f"{filename} is not a valid wheel filename.")
        if not any(self._supports(tag) for tag in name.tags()):
            raise RequirementError(f"{filename} is not a supported wheel on this platform.")
        file = PageFile(filename=filename, url=url, hashes=dict(direct.hashes.digests))
        required = self._hashes_of(requirement.name or normalize_name(name.project))
        stored = await self.wheels.fetch_wheel(file, required)
        data = await anyio.to_thread.run_sync(read_metadata_file, stored.tree)
        metadata = parse_metadata(data, filename)
        hashes = (("sha256", str(stored.digest)),)
        return (
            Candidate(
                name=normalize_name(metadata.name),
                version=Version(metadata.version),
                file=PageFile(filename=filename, url=url, hashes=dict(hashes)),
                tag_rank=0,
                page_url=None,
                direct_url=DirectUrl(url=split_credentials(url)[0], info=ArchiveInfo(hashes=hashes)),
            ),
            metadata,
        )

    def _remember(self, digest: str | None, data: bytes, filename: str) -> None:
        if digest:
            self.store.write_record(METADATA_BUCKET, digest, _encode_metadata(parse_metadata(data, filename)))


@asynccontextmanager
async def open_session(
    places: Places,
    store: Store,
    reporter: Reporter,
    limits: Limits,
    *,
    environ: Mapping[str, str],
    tags: tuple[str, ...],
    hashes_of: Callable[[NormalizedName], AllowedHashes],
    prompt: Callable[[str], Credentials | None] | None = None,
) -> AsyncIterator[Session]:
    """Open network and store for one run; closes connections at the end, and makes workers give up on an error."""
    transport = LateTransport(places.transport, reporter, environ, prompt=prompt)
    downloader = Downloader(
        transport,
        reporter,
        concurrent_downloads=limits.concurrent_downloads,
        resume_retries=limits.resume_retries,
    )
    wheels = WheelFetcher(store, downloader, partial(_unpack, store.umask), jobs=limits.jobs)
    supported = frozenset(tags)
    try:
        async with IndexClient(
            transport,
            store,
            reporter,
            index_urls=places.index_urls,
            find_links=places.find_links,
            is_trusted_origin=lambda url: is_trusted_origin(url, places.transport.trusted_hosts),
            refresh=places.refresh,
            offline=places.offline,
        ) as index:
            yield Session(
                store,
                index,
                wheels,
                supports=supported.__contains__,
                hashes_of=hashes_of,
                requests=lambda: transport.requests,
            )
    except BaseException:
        wheels.cancel()
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await transport.aclose()


def read_metadata_file(tree: str) -> bytes:
    """Return METADATA of a stored tree; raise `StoreError` where the tree is damaged."""
    try:
        manifest = Manifest.decode(read_file(f"{tree}/manifest") or b"")
        data = read_file(f"{tree}/{manifest.metadata_index}")
    except ValueError as error:
        raise StoreError(f"the stored wheel at {tree} is damaged", why=str(error)) from error
    if data is None:
        raise StoreError(f"the stored wheel at {tree} is damaged", why="its METADATA is missing")
    return data


def _unpack(
    umask: int, content: Buffer, filename: str, digest: str, staging: str, cancelled: Callable[[], bool]
) -> None:
    unpack_wheel(content, filename=filename, digest=digest, staging=staging, umask=umask, cancelled=cancelled)
