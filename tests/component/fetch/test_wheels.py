"""Wheels into the store: checked, unpacked, each once; and nothing left of those that did not make it."""

from __future__ import annotations

import hashlib
import random
import shutil
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.page import PageFile
from asyncpip.core.urls import path_to_url
from asyncpip.errors import DownloadError, HashMismatchError, StoreError, WheelFormatError
from asyncpip.fetch import arrivals as arrivals_module
from asyncpip.install import early as early_module
from asyncpip.install.manifest import Manifest
from tests.support.index_server import Fault
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.fetch.wheels import StoredWheel
    from tests.component.fetch.conftest import Fetching
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.anyio

NOISE = random.Random(5).randbytes(300_000)  # noqa: S311 - noise, not a secret
NAME, DATA = build_wheel("demo", "1.0", files={"demo.py": "X = 1\n", "noise.bin": NOISE})
OTHER = build_wheel("demo", "1.0", files={"demo.py": "X = 2\n", "noise.bin": NOISE[::-1]})[1]
PATH = f"/files/{NAME}"
SHA256 = hashlib.sha256(DATA).hexdigest()
SHA512 = hashlib.sha512(DATA).hexdigest()


def file_of(server: IndexServer, **fields: Any) -> PageFile:
    given: dict[str, Any] = {"hashes": {"sha256": SHA256}, "size": len(DATA)} | fields
    return PageFile(filename=NAME, url=server.file_url(NAME), **given)


@pytest.fixture
def server(index_server: IndexServer) -> IndexServer:
    index_server.add(NAME, DATA)
    return index_server


@pytest.fixture
def by_way_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every archive for a large one, and the same of members."""
    monkeypatch.setattr(arrivals_module, "IN_MEMORY_LIMIT_BYTES", 1000)
    monkeypatch.setattr(early_module, "_FROM_BYTES", 1000)


async def fetch(
    fetching: Fetching, file: PageFile, required: AllowedHashes = NO_HASHES, *, reuse: bool = True
) -> StoredWheel:
    async with fetching.open_fetcher() as fetcher:
        return await fetcher.fetch_wheel(file, required, reuse=reuse)


def clean(fetching: Fetching) -> bool:
    return fetching.left("tmp") == fetching.left("partial-v1") == []


@pytest.mark.parametrize("large", [False, True])
async def test_into_the_store(
    fetching: Fetching, server: IndexServer, request: pytest.FixtureRequest, large: bool
) -> None:
    if large:
        request.getfixturevalue("by_way_of_files")
    stored = await fetch(fetching, file_of(server))
    assert stored.digest == SHA256
    assert not stored.from_store
    assert stored.tree == fetching.store.tree_path(SHA256)
    manifest = Manifest.decode(fetching.store.read_manifest(SHA256) or b"")
    assert manifest.root_paths[:2] == ["demo.py", "noise.bin"]
    assert clean(fetching)

    again = await fetch(fetching, file_of(server))
    assert again.from_store
    assert len(server.requests) == 1


async def test_without_a_digest_it_is_fetched_to_learn_it(fetching: Fetching, server: IndexServer) -> None:
    for from_store in (False, True):
        stored = await fetch(fetching, file_of(server, hashes={}, size=None))
        assert stored.digest == SHA256
        assert clean(fetching)
        assert from_store in (stored.from_store, True)
    assert len(server.requests) == 2


# --- digests


@pytest.mark.parametrize("large", [False, True])
async def test_a_wrong_digest_of_the_index(
    fetching: Fetching, server: IndexServer, request: pytest.FixtureRequest, large: bool
) -> None:
    if large:
        request.getfixturevalue("by_way_of_files")
    server.script(PATH, Fault(body=OTHER))
    with pytest.raises(HashMismatchError) as caught:
        await fetch(fetching, file_of(server))
    why = str(caught.value.why)
    assert SHA256 in why
    assert hashlib.sha256(OTHER).hexdigest() in why
    assert not fetching.store.has_tree(SHA256)
    assert not fetching.store.has_tree(hashlib.sha256(OTHER).hexdigest())
    assert clean(fetching)
    assert (await fetch(fetching, file_of(server))).digest == SHA256


@pytest.mark.parametrize("algorithm", ["sha512", "sha384", "sha224", "sha1", "md5"])
async def test_other_algorithms_of_the_index(fetching: Fetching, server: IndexServer, algorithm: str) -> None:
    digest = hashlib.new(algorithm, DATA).hexdigest()
    with pytest.raises(HashMismatchError):
        await fetch(
            fetching, file_of(server, hashes={algorithm: "0" + digest[1:-1] + ("1" if digest[-1] == "0" else "0")})
        )
    assert (await fetch(fetching, file_of(server, hashes={algorithm: digest}))).digest == SHA256


async def test_required_digests(fetching: Fetching, server: IndexServer) -> None:
    wrong = AllowedHashes.of([("sha256", "0" * 64), ("sha256", "1" * 64)])
    with pytest.raises(HashMismatchError) as caught:
        await fetch(fetching, file_of(server), wrong)
    assert "1" * 64 in str(caught.value.why)
    right = AllowedHashes.of([("sha256", "0" * 64), ("sha256", SHA256.upper())])
    assert (await fetch(fetching, file_of(server), right)).digest == SHA256
    with pytest.raises(HashMismatchError):  # also where the store has it
        await fetch(fetching, file_of(server), wrong)


async def test_required_digests_of_another_kind_than_the_index_gives(fetching: Fetching, server: IndexServer) -> None:
    """What `--hash=sha512:…` in a requirements file means; with a full store as well as with an empty one."""
    right, wrong = AllowedHashes.of([("sha512", SHA512)]), AllowedHashes.of([("sha512", "0" * 128)])
    for _ in range(2):
        assert (await fetch(fetching, file_of(server), right)).digest == SHA256
    with pytest.raises(HashMismatchError):
        await fetch(fetching, file_of(server), wrong)
    assert clean(fetching)


# --- large archives


@pytest.mark.usefixtures("by_way_of_files")
async def test_resumed_by_the_next_run(fetching: Fetching, server: IndexServer) -> None:
    server.script(PATH, Fault(cut_at=100_000), *[Fault(status=503)] * 3)
    with pytest.raises(DownloadError):
        await fetch(fetching, file_of(server))
    assert len(fetching.left("partial-v1")) == 1
    server.requests.clear()
    server.script(PATH)
    server._scripts.clear()
    assert (await fetch(fetching, file_of(server))).digest == SHA256
    assert [request.headers.get("range") for request in server.requests] == ["bytes=100000-"]
    assert clean(fetching)


@pytest.mark.usefixtures("by_way_of_files")
@pytest.mark.parametrize("length", [1000, len(DATA)])
async def test_a_partial_file_of_another_archive_is_fetched_whole(
    fetching: Fetching, server: IndexServer, length: int
) -> None:
    fetching.store.write_file(fetching.store.partial_path(SHA256), OTHER[:length].ljust(length, b"\0"))
    assert (await fetch(fetching, file_of(server))).digest == SHA256
    assert clean(fetching)


@pytest.mark.usefixtures("by_way_of_files")
async def test_but_once_only(fetching: Fetching, server: IndexServer) -> None:
    fetching.store.write_file(fetching.store.partial_path(SHA256), OTHER[:1000])
    server.script(PATH, *[Fault(body=OTHER, ignore_range=True)] * 5)
    with pytest.raises(HashMismatchError):
        await fetch(fetching, file_of(server))
    assert len(server.requests) <= 3
    assert clean(fetching)


# --- local files


async def test_local_files(fetching: Fetching, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    url = path_to_url(str(tmp_path / NAME))
    for from_store in (False, True):
        stored = await fetch(fetching, PageFile(filename=NAME, url=url))
        assert stored.digest == SHA256
        assert stored.from_store == from_store
    with pytest.raises(HashMismatchError):
        await fetch(fetching, PageFile(filename=NAME, url=url), AllowedHashes.of([("sha256", "0" * 64)]))
    assert (tmp_path / NAME).read_bytes() == DATA
    assert clean(fetching)


@pytest.mark.parametrize("content", [None, b"", b"no wheel", DATA[:-10]])
async def test_local_files_that_are_none(fetching: Fetching, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / NAME).write_bytes(content)
    with pytest.raises((DownloadError, WheelFormatError), match=NAME):
        await fetch(fetching, PageFile(filename=NAME, url=path_to_url(str(tmp_path / NAME))))
    assert clean(fetching)


# --- what goes wrong


async def test_a_broken_wheel(fetching: Fetching, server: IndexServer) -> None:
    broken = DATA[: len(DATA) // 2]
    server.script(PATH, Fault(body=broken))
    with pytest.raises(WheelFormatError, match=NAME):
        await fetch(fetching, file_of(server, hashes={"sha256": hashlib.sha256(broken).hexdigest()}, size=None))
    assert clean(fetching)


async def test_a_store_that_cannot_be_written_to(fetching: Fetching, server: IndexServer, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").write_text("a file in its place")
    with pytest.raises(StoreError, match=NAME):
        await fetch(fetching, file_of(server))


async def test_cancelled_while_downloading(fetching: Fetching, server: IndexServer) -> None:
    server.script(PATH, *[Fault(stall_at=1000, stall_seconds=5)] * 3)
    async with fetching.open_fetcher(concurrent=1) as fetcher:
        for _ in range(3):
            with anyio.move_on_after(0.1) as scope:
                await fetcher.fetch_wheel(file_of(server), NO_HASHES)
            assert scope.cancelled_caught
        assert len(fetching.left("tmp")) <= 1  # one file, which is used again
        with anyio.fail_after(5):  # the slot and the bytes are back
            assert (await fetcher.fetch_wheel(file_of(server), NO_HASHES)).digest == SHA256
    assert clean(fetching)


async def test_many_at_once_and_one_of_them_broken(
    fetching: Fetching, index_server: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals_module, "IN_FLIGHT_LIMIT_BYTES", 3000)
    files = []
    for number in range(20):
        name, data = build_wheel(f"p{number}", "1.0")
        index_server.add(name, data if number != 9 else OTHER, metadata=b"")
        files.append(
            PageFile(
                filename=name,
                url=index_server.file_url(name),
                hashes={"sha256": hashlib.sha256(data).hexdigest()},
                size=len(data),
            )
        )
    done: list[str] = []
    failed: list[str] = []
    async with fetching.open_fetcher() as fetcher, anyio.create_task_group() as tasks:

        async def one(file: PageFile) -> None:
            try:
                done.append((await fetcher.fetch_wheel(file, NO_HASHES)).digest)
            except HashMismatchError:
                failed.append(file.filename)

        for file in files:
            tasks.start_soon(one, file)
    assert failed == [files[9].filename]
    assert sorted(done) == sorted(file.hashes["sha256"] for file in files if file is not files[9])
    assert all(fetching.store.has_tree(digest) for digest in done)
    assert clean(fetching)


async def test_the_same_wheel_twice_at_once(fetching: Fetching, server: IndexServer) -> None:
    stored: list[StoredWheel] = []

    async with fetching.open_fetcher() as fetcher, anyio.create_task_group() as tasks:

        async def one() -> None:
            stored.append(await fetcher.fetch_wheel(file_of(server), NO_HASHES))

        for _ in range(4):
            tasks.start_soon(one)
    assert {wheel.digest for wheel in stored} == {SHA256}
    assert clean(fetching)


async def test_keeping_what_came_whole(fetching: Fetching, server: IndexServer) -> None:
    async with fetching.open_fetcher() as fetcher:
        stored = await fetcher.keep_archive(file_of(server), DATA, NO_HASHES)
        assert stored.digest == SHA256
        with pytest.raises(HashMismatchError):
            await fetcher.keep_archive(file_of(server), OTHER, NO_HASHES)
    assert server.requests == []
    assert clean(fetching)
