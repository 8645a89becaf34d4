"""Archives as they are: kept in the store, found again, never taken unchecked."""

from __future__ import annotations

import hashlib
import os
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.page import PageFile
from asyncpip.core.urls import path_to_url
from asyncpip.errors import DownloadError, HashMismatchError
from asyncpip.fetch import arrivals as arrivals_module
from asyncpip.fetch.archives import ArchiveFetcher
from tests.support.index_server import Fault
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from asyncpip.fetch.archives import StoredArchive
    from tests.component.fetch.conftest import Fetching
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.anyio

NOISE = random.Random(7).randbytes(300_000)  # noqa: S311 - noise, not a secret
NAME, DATA = build_wheel("demo", "1.0", files={"noise.bin": NOISE})
SMALL_NAME, SMALL = build_wheel("small", "1.0")
SHA256, SHA512 = hashlib.sha256(DATA).hexdigest(), hashlib.sha512(DATA).hexdigest()


@pytest.fixture
def server(index_server: IndexServer) -> IndexServer:
    index_server.add(NAME, DATA)
    index_server.add(SMALL_NAME, SMALL)
    return index_server


def file_of(server: IndexServer, **fields: Any) -> PageFile:
    given: dict[str, Any] = {"hashes": {"sha256": SHA256}, "size": len(DATA)} | fields
    return PageFile(filename=NAME, url=server.file_url(NAME), **given)


@asynccontextmanager
async def open_archives(fetching: Fetching, directory: Path | None = None) -> AsyncIterator[ArchiveFetcher]:
    async with fetching.open_downloader() as downloader:
        place = str(directory) if directory else None
        yield ArchiveFetcher(fetching.store, downloader, fetching.reporter, jobs=2, directory=place)


async def fetch(
    fetching: Fetching, file: PageFile, required: AllowedHashes = NO_HASHES, directory: Path | None = None
) -> StoredArchive:
    async with open_archives(fetching, directory) as archives:
        return await archives.fetch(file, required)


def content(stored: StoredArchive) -> bytes:
    with open(stored.path, "rb") as reading:
        return reading.read()


def edit(stored: StoredArchive) -> None:
    """Do what somebody does to it who opens a hard link of it."""
    with open(stored.path, "r+b") as writing:
        writing.write(b"edited")


@pytest.mark.parametrize("large", [False, True])
async def test_into_the_store_and_from_it(
    fetching: Fetching, server: IndexServer, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    if large:
        monkeypatch.setattr(arrivals_module, "IN_MEMORY_LIMIT_BYTES", 1000)
    stored = await fetch(fetching, file_of(server))
    assert (stored.digest, stored.size_bytes, stored.from_store) == (SHA256, len(DATA), False)
    assert stored.path == fetching.store.archive_path(SHA256, NAME)
    assert content(stored) == DATA
    assert fetching.left("tmp") == fetching.left("partial-v1") == []
    asked = len(server.requests)
    again = await fetch(fetching, file_of(server))
    assert (again.path, again.from_store, len(server.requests)) == (stored.path, True, asked)


async def test_a_small_one_without_size_or_hash(fetching: Fetching, server: IndexServer) -> None:
    file = PageFile(filename=SMALL_NAME, url=server.file_url(SMALL_NAME))
    assert content(await fetch(fetching, file)) == SMALL


async def test_an_edited_one_is_fetched_again(fetching: Fetching, server: IndexServer) -> None:
    stored = await fetch(fetching, file_of(server))
    edit(stored)
    again = await fetch(fetching, file_of(server))
    assert (content(again), again.from_store) == (DATA, False)


async def test_what_the_user_demands_is_checked_too(fetching: Fetching, server: IndexServer) -> None:
    good, bad = AllowedHashes.of([("sha512", SHA512)]), AllowedHashes.of([("sha512", "0" * 128)])
    with pytest.raises(HashMismatchError):
        await fetch(fetching, file_of(server), bad)
    assert fetching.left("archives-v1") == []
    await fetch(fetching, file_of(server), good)
    with pytest.raises(HashMismatchError):
        await fetch(fetching, file_of(server), bad)
    assert content(await fetch(fetching, file_of(server), good)) == DATA


async def test_a_good_file_in_the_directory_is_kept(fetching: Fetching, server: IndexServer, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    stored = await fetch(fetching, file_of(server), directory=tmp_path)
    assert (stored.path, stored.is_in_place) == (str(tmp_path / NAME), True)
    assert server.requests == []
    unknown = await fetch(fetching, file_of(server, hashes={}), directory=tmp_path)
    assert (unknown.is_in_place, unknown.digest) == (True, SHA256)
    (tmp_path / NAME).write_bytes(DATA[:-1])
    stored = await fetch(fetching, file_of(server), directory=tmp_path)
    assert not stored.is_in_place
    assert fetching.warnings() == [f"Previously-downloaded file {tmp_path / NAME} has bad hash. Re-downloading."]


async def test_a_large_one_goes_on_where_it_was_cut(
    fetching: Fetching, server: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals_module, "IN_MEMORY_LIMIT_BYTES", 1000)
    server.script(f"/files/{NAME}", *[Fault(cut_at=100_000)] * 3)
    with pytest.raises(DownloadError):
        await fetch(fetching, file_of(server))
    assert len(fetching.left("partial-v1")) == 1
    assert content(await fetch(fetching, file_of(server))) == DATA
    assert "range" in server.requests[-1].headers
    assert fetching.left("partial-v1") == []


async def test_a_file_of_the_users_stays_where_it_is(fetching: Fetching, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    file = PageFile(filename=NAME, url=path_to_url(str(tmp_path / NAME)))
    stored = await fetch(fetching, file)
    assert (stored.is_local, stored.path) == (True, str(tmp_path / NAME))
    os.unlink(tmp_path / NAME)
    with pytest.raises(DownloadError, match="could not read demo"):
        await fetch(fetching, file)


@pytest.mark.parametrize("name", ["../x.whl", "a/b.whl", "a\\b.whl", "..", ""])
async def test_names_that_leave_a_directory_are_refused(fetching: Fetching, server: IndexServer, name: str) -> None:
    with pytest.raises(DownloadError, match="is no name for a file"):
        await fetch(fetching, PageFile(filename=name, url=server.file_url(NAME)))
    assert server.requests == []
