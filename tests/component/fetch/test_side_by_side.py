"""A large archive over several connections: whole and in order, and over one where a server does not take part."""

from __future__ import annotations

import hashlib
import os
import random
import time
from functools import partial as partial_function
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from asyncpip.core.events import Level, TransferProgress
from asyncpip.errors import DownloadError
from asyncpip.fetch import side_by_side
from asyncpip.fetch.hashes import RunningDigests
from tests.support.index_server import Fault
from tests.support.received import bytes_of

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.fetch.downloader import Downloader
    from tests.component.fetch.conftest import Fetching
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.anyio

DATA = random.Random(6).randbytes(300_000)  # noqa: S311 - noise, not a secret
OTHER = DATA[::-1]
NAME = "demo-1.0-py3-none-any.whl"
FILE = f"/files/{NAME}"
PROBE, BLOCK = 20_000, 30_000  # the first is of two pieces
BLOCKS = 10
"""How many are left after the beginning."""


@pytest.fixture(autouse=True)
def every_archive_is_large_and_every_server_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        *(("PROBE_BYTES", PROBE // 2), ("PROBES", 2), ("BLOCK_BYTES", BLOCK), ("_LEAST_BYTES", 0)),
        *(("_WORTH_SECONDS", 0.0), ("_SLOW_SECONDS", 0.0)),
    ):
        monkeypatch.setattr(side_by_side, name, value)


@pytest.fixture
def server(index_server: IndexServer) -> IndexServer:
    index_server.add(NAME, DATA, metadata=b"")
    return index_server


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    return tmp_path / "partial"


def never(_: int) -> tuple[int, str]:
    raise AssertionError("a large archive goes to its partial file")


async def fetch(downloader: Downloader, server: IndexServer, partial: Path) -> bytes:
    digests = RunningDigests([])
    whole = bytes_of(
        await downloader.fetch(
            server.file_url(NAME),
            label=NAME,
            size_bytes=None,
            partial_path=str(partial),
            watchers=[digests],
            open_file=never,
        )
    )
    seen = RunningDigests([])
    seen.feed(whole)
    assert digests.known() == seen.known()  # who watches it sees it in order
    return whole


async def fetch_once(fetching: Fetching, server: IndexServer, partial: Path, *, resume_retries: int = 2) -> bytes:
    async with fetching.open_downloader(resume_retries=resume_retries) as downloader:
        return await fetch(downloader, server, partial)


def ranges(server: IndexServer) -> list[str]:
    return [request.headers.get("range", "") for request in server.requests]


def wait_for_requests(server: IndexServer, count: int) -> None:
    while len(server.requests) < count:
        time.sleep(0.001)


def gone_on_over_one(fetching: Fetching) -> list[str]:
    return [text for text in fetching.reporter.texts(Level.VERBOSE) if "goes on over one connection" in text]


def block(number: int) -> str:
    start = PROBE + number * BLOCK
    return f"bytes={start}-{min(start + BLOCK, len(DATA)) - 1}"


@pytest.mark.usefixtures("no_blocking")
async def test_blocks_of_several_connections(fetching: Fetching, server: IndexServer, partial: Path) -> None:
    assert await fetch_once(fetching, server, partial) == DATA
    assert ranges(server)[0] == ""
    assert sorted(ranges(server)[1:]) == sorted(block(number) for number in range(BLOCKS))
    assert all(request.headers.get("if-range") for request in server.requests[1:])
    told = [event.received_bytes for event in fetching.reporter.events if isinstance(event, TransferProgress)]
    assert sum(told) == len(DATA)
    assert not gone_on_over_one(fetching)


async def test_blocks_that_come_in_any_order(fetching: Fetching, server: IndexServer, partial: Path) -> None:
    slow = Fault(stall_at=10, stall_seconds=0.15)
    server.script(FILE, Fault(), slow, Fault(), Fault(), slow, Fault(), slow)
    assert await fetch_once(fetching, server, partial) == DATA
    assert len(server.requests) == 1 + BLOCKS


async def test_a_fast_server_is_left_alone(
    fetching: Fetching, server: IndexServer, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_WORTH_SECONDS", 3600.0)
    assert await fetch_once(fetching, server, partial) == DATA
    assert ranges(server) == [""]


async def test_so_is_one_that_waits_for_this_machine(
    fetching: Fetching, server: IndexServer, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_SLOW_SECONDS", 3600.0)
    assert await fetch_once(fetching, server, partial) == DATA
    assert ranges(server) == [""]


async def test_a_short_rest_is_left_alone(
    fetching: Fetching, server: IndexServer, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_LEAST_BYTES", len(DATA) + 1)
    assert await fetch_once(fetching, server, partial) == DATA
    assert ranges(server) == [""]


@pytest.mark.parametrize("fault", [Fault(headers={"ETag": 'W/"weak"'}), Fault(headers={"Accept-Ranges": "none"})])
async def test_a_server_that_cannot_be_asked_for_blocks(
    fetching: Fetching, server: IndexServer, partial: Path, fault: Fault
) -> None:
    server.script(FILE, fault)
    assert await fetch_once(fetching, server, partial) == DATA
    assert ranges(server) == [""]


async def test_connections_that_others_have_are_not_taken(
    fetching: Fetching, server: IndexServer, partial: Path, tmp_path: Path
) -> None:
    other = "other-1.0-py3-none-any.whl"
    server.add(other, DATA, metadata=b"")
    server.script(f"/files/{other}", Fault(stall_at=10, stall_seconds=0.3))
    async with fetching.open_downloader(concurrent=2) as downloader, anyio.create_task_group() as tasks:

        async def fetch_other() -> None:
            await downloader.fetch(
                server.file_url(other),
                label=other,
                size_bytes=None,
                partial_path=str(tmp_path / "other"),
                open_file=never,
            )

        tasks.start_soon(fetch_other)
        await anyio.sleep(0.1)
        assert await fetch(downloader, server, partial) == DATA
    assert [request.path for request in server.requests].count(FILE) == 1
    server.requests.clear()
    async with fetching.open_downloader(concurrent=2) as downloader:
        for each in ("again", "and again"):  # what was lent comes back
            assert await fetch(downloader, server, partial.with_name(each)) == DATA
    assert len(server.requests) == 2 * (1 + BLOCKS)


async def test_connections_leave_where_somebody_waits(
    fetching: Fetching, server: IndexServer, partial: Path, tmp_path: Path
) -> None:
    other = "other-1.0-py3-none-any.whl"
    server.add(other, b"short", metadata=b"")
    server.script(FILE, *[Fault(drip_bytes=10_000, drip_seconds=0.02)] * (1 + BLOCKS))
    ended: list[str] = []
    async with fetching.open_downloader(concurrent=2) as downloader, anyio.create_task_group() as tasks:

        async def fetch_large() -> None:
            await fetch(downloader, server, partial)
            ended.append("large")

        tasks.start_soon(fetch_large)
        await anyio.to_thread.run_sync(wait_for_requests, server, 3)  # its first connection, and two for its blocks
        await downloader.fetch(
            server.file_url(other), label=other, size_bytes=5, partial_path=str(tmp_path / "other"), open_file=never
        )
        ended.append("other")
    assert ended == ["other", "large"]


async def test_a_connection_joins_when_it_gets_free(
    fetching: Fetching, server: IndexServer, partial: Path, tmp_path: Path
) -> None:
    other = "other-1.0-py3-none-any.whl"
    server.add(other, b"short", metadata=b"")
    server.script(f"/files/{other}", Fault(stall_at=2, stall_seconds=0.2))
    server.script(FILE, *[Fault(drip_bytes=10_000, drip_seconds=0.02)] * (1 + BLOCKS))
    async with fetching.open_downloader(concurrent=2) as downloader, anyio.create_task_group() as tasks:
        tasks.start_soon(
            partial_function(
                downloader.fetch,
                server.file_url(other),
                label=other,
                size_bytes=5,
                partial_path=str(tmp_path / "other"),
                open_file=never,
            )
        )
        await anyio.to_thread.run_sync(wait_for_requests, server, 1)
        assert await fetch(downloader, server, partial) == DATA
    asked = ranges(server)
    assert asked[:2] == ["", ""]
    assert len(asked) > 3


async def test_a_smaller_one_comes_so_too(fetching: Fetching, server: IndexServer, tmp_path: Path) -> None:
    path = tmp_path / "file"
    digests = RunningDigests([])
    async with fetching.open_downloader() as downloader:
        content = await downloader.fetch(
            server.file_url(NAME),
            label=NAME,
            size_bytes=len(DATA),
            partial_path=None,
            watchers=[digests],
            open_file=lambda _: (os.open(path, os.O_RDWR | os.O_CREAT), str(path)),
        )
    assert bytes_of(content) == DATA
    assert digests.known()["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert len(server.requests) == 1 + BLOCKS


async def test_more_at_once_when_nothing_else_is_asked_for(
    fetching: Fetching, server: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_WORTH_SECONDS", 3600.0)
    server.script(FILE, *[Fault(stall_at=10, stall_seconds=0.1)] * 4)
    async with fetching.open_downloader(concurrent=4, per_host=1) as downloader, anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(fetch, downloader, server, tmp_path / str(number))
        await anyio.sleep(0.05)
        assert len(server.requests) == 1
        downloader.widen(3)
        await anyio.sleep(0.04)
        assert len(server.requests) == 3


# --- what a server may do


@pytest.mark.parametrize(
    "fault",
    [
        Fault(ignore_range=True),
        Fault(status=416),
        Fault(status=404),
        Fault(headers={"Content-Range": f"bytes 0-29999/{len(DATA)}"}),
        Fault(headers={"Content-Range": f"bytes {PROBE}-49999/12345678"}),
        Fault(headers={"Content-Range": "nonsense"}),
        Fault(headers={"ETag": '"of another file"'}),
    ],
    ids=["ignored", "416", "404", "another range", "another size", "nonsense", "another file"],
)
@pytest.mark.parametrize("at", [0, 5, BLOCKS - 1])
async def test_a_range_that_cannot_be_had(
    fetching: Fetching, server: IndexServer, partial: Path, fault: Fault, at: int
) -> None:
    server.script(FILE, *[Fault()] * (1 + at), fault)
    assert await fetch_once(fetching, server, partial) == DATA
    assert len(gone_on_over_one(fetching)) == 1
    assert len([each for each in ranges(server) if each.endswith("-")]) == 1  # to the end, from where all is there


async def test_a_file_that_changes_between_two_ranges(fetching: Fetching, server: IndexServer, partial: Path) -> None:
    """The new file comes whole: its digest says what to think of it."""
    server.script(FILE, *[Fault()] * 4, *[Fault(body=OTHER, ignore_range=True, headers={"ETag": '"new"'})] * 20)
    assert await fetch_once(fetching, server, partial) == OTHER


async def test_ranges_that_are_cut_go_on(fetching: Fetching, server: IndexServer, partial: Path) -> None:
    server.script(FILE, Fault(), Fault(), Fault(cut_at=12_345), Fault(), Fault(stall_at=500, stall_seconds=5))
    assert await fetch_once(fetching, server, partial) == DATA
    assert len(server.requests) == 1 + BLOCKS + 2
    starts = {int(each[len("bytes=") :].partition("-")[0]) for each in ranges(server)[1:]}
    assert len(starts) == BLOCKS + 2
    assert {(start - PROBE) % BLOCK for start in starts} <= {0, 12_345, 500, 12_845}
    assert not gone_on_over_one(fetching)


async def test_ranges_that_are_cut_again_and_again(fetching: Fetching, server: IndexServer, partial: Path) -> None:
    server.script(FILE, Fault(), *[Fault(cut_at=100)] * 8)
    assert await fetch_once(fetching, server, partial, resume_retries=4) == DATA
    assert len(gone_on_over_one(fetching)) == 1


async def test_what_came_in_order_is_kept_where_all_ends(
    fetching: Fetching, server: IndexServer, partial: Path
) -> None:
    server.script(FILE, *[Fault()] * 5, *[Fault(cut_at=100)] * 40)
    with pytest.raises(DownloadError):
        await fetch_once(fetching, server, partial)
    kept = read(partial)
    assert len(kept) >= PROBE
    assert kept == DATA[: len(kept)]
    server._scripts.clear()
    server.requests.clear()
    assert await fetch_once(fetching, server, partial) == DATA
    assert ranges(server)[0] == f"bytes={len(kept)}-"  # the next run goes on there


@pytest.mark.usefixtures("no_blocking")
async def test_what_came_in_order_is_kept_when_cancelled(
    fetching: Fetching, server: IndexServer, partial: Path
) -> None:
    server.script(FILE, *[Fault()] * 4, *[Fault(stall_at=100, stall_seconds=5)] * 10)
    async with fetching.open_downloader() as downloader:
        with anyio.move_on_after(0.2) as scope:
            await fetch(downloader, server, partial)
    assert scope.cancelled_caught
    kept = read(partial)
    assert len(kept) >= PROBE
    assert kept == DATA[: len(kept)]


def read(path: Path) -> bytes:
    return path.read_bytes()
