"""Archives over the network, with all that a server may do to them."""

from __future__ import annotations

import os
import random
import resource
import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from asyncpip.core.events import Message, TransferEnded, TransferProgress, TransferStarted
from asyncpip.errors import DownloadError, StoreError
from asyncpip.fetch.received import FreshFiles
from tests.support.index_server import Fault
from tests.support.received import bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from asyncpip.fetch.downloader import Downloader
    from asyncpip.store.store import Store
    from tests.component.fetch.conftest import Fetching
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.anyio

DATA = random.Random(5).randbytes(300_000)  # noqa: S311 - noise, not a secret
OTHER = DATA[::-1]
FILE = "/files/demo-1.0-py3-none-any.whl"
NAME = "demo-1.0-py3-none-any.whl"


@pytest.fixture(params=["memory", "file"])
def partial(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Where the archive goes."""
    return None if request.param == "memory" else str(tmp_path / "partials" / "x")


@pytest.fixture
def server(index_server: IndexServer) -> IndexServer:
    index_server.add(NAME, DATA, metadata=b"")
    return index_server


async def fetch(
    fetching: Fetching,
    server: IndexServer,
    partial: str | None,
    *,
    size: int | None = len(DATA),
    resume_retries: int = 2,
) -> bytes:
    async with fetching.open_downloader(resume_retries=resume_retries) as downloader:
        content = await downloader.fetch(
            server.file_url(NAME) + "#sha256=0",
            label=NAME,
            size_bytes=size,
            partial_path=partial,
            open_file=FreshFiles(fetching.store).take,
        )
        return bytes_of(content)


def ranges(server: IndexServer) -> list[str]:
    return [request.headers.get("range", "") for request in server.requests]


def progressed(fetching: Fetching) -> int:
    return sum(event.received_bytes for event in fetching.reporter.events if isinstance(event, TransferProgress))


@pytest.mark.parametrize("size", [len(DATA), None])
@pytest.mark.usefixtures("no_blocking")
async def test_whole(fetching: Fetching, server: IndexServer, partial: str | None, size: int | None) -> None:
    assert await fetch(fetching, server, partial, size=size) == DATA
    assert ranges(server) == [""]
    kinds = [type(event) for event in fetching.reporter.events if not isinstance(event, Message)]
    assert kinds[0] is TransferStarted
    assert kinds[-1] is TransferEnded
    assert progressed(fetching) == len(DATA)


@pytest.mark.usefixtures("no_blocking")
async def test_cut_transfers_go_on(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, Fault(cut_at=100_000), Fault(cut_at=50_000))
    assert await fetch(fetching, server, partial) == DATA
    assert ranges(server) == ["", "bytes=100000-", "bytes=150000-"]
    assert all(request.headers.get("if-range") for request in server.requests[1:])
    assert len(fetching.warnings()) == 2
    assert "resuming at 100000 bytes" in fetching.warnings()[0]
    assert progressed(fetching) == len(DATA)


async def test_stalled_transfers_go_on(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, Fault(stall_at=200_000, stall_seconds=5))
    assert await fetch(fetching, server, partial) == DATA
    assert ranges(server)[0] == ""
    assert ranges(server)[1] == "bytes=200000-"


async def test_attempts_end(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, *[Fault(cut_at=1000)] * 9)
    with pytest.raises(DownloadError, match=NAME):
        await fetch(fetching, server, partial, resume_retries=3)
    assert len(server.requests) == 4
    assert isinstance(fetching.reporter.events[-1], TransferEnded)
    assert not fetching.reporter.events[-1].ok


@pytest.mark.parametrize("status", [403, 404, 410, 500])
async def test_refusals(fetching: Fetching, server: IndexServer, partial: str | None, status: int) -> None:
    server.script(FILE, Fault(status=status))
    with pytest.raises(DownloadError) as caught:
        await fetch(fetching, server, partial)
    assert str(status) in str(caught.value.why)
    assert server.file_url(NAME) in str(caught.value.why)


async def test_an_ignored_range_starts_over(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, Fault(cut_at=100_000), Fault(ignore_range=True))
    assert await fetch(fetching, server, partial) == DATA


async def test_another_range_than_asked_for(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    wrong = Fault(headers={"Content-Range": f"bytes 0-199999/{len(DATA)}"})
    server.script(FILE, Fault(cut_at=100_000), wrong)
    assert await fetch(fetching, server, partial) == DATA
    assert ranges(server) == ["", "bytes=100000-", ""]


async def test_a_file_that_changes_while_it_is_resumed(
    fetching: Fetching, server: IndexServer, partial: str | None
) -> None:
    server.script(FILE, Fault(cut_at=100_000, headers={"ETag": '"of another file"'}))
    assert await fetch(fetching, server, partial) == DATA
    assert server.requests[1].headers["if-range"] == '"of another file"'


async def test_weak_validators_are_not_used(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, Fault(cut_at=100_000, headers={"ETag": 'W/"weak"'}))
    assert await fetch(fetching, server, partial) == DATA
    assert "if-range" not in server.requests[1].headers


async def test_416_starts_over(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, Fault(cut_at=100_000), Fault(status=416))
    assert await fetch(fetching, server, partial) == DATA
    assert ranges(server) == ["", "bytes=100000-", ""]


async def test_416_where_no_size_is_known(fetching: Fetching, server: IndexServer) -> None:
    """A transfer without a length that was cut at its very end: what there is may not be taken for nothing."""
    server.switches.ranges = False
    server.script(FILE, Fault(cut_at=100_000), Fault(status=416))
    assert await fetch(fetching, server, None, size=None) == DATA


async def test_a_length_that_is_too_long(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, *[Fault(length=len(DATA) + 10)] * 3)
    with pytest.raises(DownloadError):
        await fetch(fetching, server, partial)


async def test_more_than_announced(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.script(FILE, Fault(body=DATA + OTHER))
    assert await fetch(fetching, server, partial) == DATA + OTHER  # the server's own length counts, a hash decides


async def test_an_index_that_is_wrong_about_the_size(
    fetching: Fetching, server: IndexServer, partial: str | None
) -> None:
    for size in (1, len(DATA) - 1, len(DATA) + 1):
        assert await fetch(fetching, server, partial, size=size) == DATA
        if partial is not None:
            os.unlink(partial)


async def test_no_server(fetching: Fetching, server: IndexServer, partial: str | None) -> None:
    server.stop()
    with pytest.raises(DownloadError):
        await fetch(fetching, server, partial)


# --- partial files


@pytest.fixture
def partial_file(tmp_path: Path) -> str:
    (tmp_path / "partials").mkdir()
    return str(tmp_path / "partials" / "x")


def write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.usefixtures("no_blocking")
async def test_a_partial_file_of_an_earlier_run(fetching: Fetching, server: IndexServer, partial_file: str) -> None:
    write(partial_file, DATA[:123_456])
    assert await fetch(fetching, server, partial_file) == DATA
    assert ranges(server) == ["bytes=123456-"]
    started = next(event for event in fetching.reporter.events if isinstance(event, TransferStarted))
    assert (started.size_bytes, started.resumed_bytes) == (len(DATA), 123_456)


async def test_a_whole_file_of_an_earlier_run_is_not_asked_for_again(
    fetching: Fetching, server: IndexServer, partial_file: str
) -> None:
    write(partial_file, DATA)
    assert await fetch(fetching, server, partial_file) == DATA
    assert server.requests == []


async def test_a_file_that_is_too_long_starts_over(fetching: Fetching, server: IndexServer, partial_file: str) -> None:
    write(partial_file, DATA + b"more")
    assert await fetch(fetching, server, partial_file) == DATA
    assert ranges(server) == [""]


async def test_what_came_is_kept_for_the_next_run(fetching: Fetching, server: IndexServer, partial_file: str) -> None:
    server.script(FILE, Fault(cut_at=100_000), Fault(status=503))
    with pytest.raises(DownloadError):
        await fetch(fetching, server, partial_file, resume_retries=1)
    assert read(partial_file) == DATA[:100_000]
    assert await fetch(fetching, server, partial_file) == DATA
    assert ranges(server)[-1] == "bytes=100000-"


@pytest.mark.usefixtures("no_blocking")
async def test_what_came_is_kept_when_cancelled(fetching: Fetching, server: IndexServer, partial_file: str) -> None:
    server.script(FILE, Fault(stall_at=100_000, stall_seconds=5))
    async with fetching.open_downloader() as downloader:
        with anyio.move_on_after(0.2):
            await downloader.fetch(
                server.file_url(NAME),
                label=NAME,
                size_bytes=len(DATA),
                partial_path=partial_file,
                open_file=FreshFiles(fetching.store).take,
            )
    assert read(partial_file) == DATA[:100_000]


async def test_two_processes_do_not_write_one_file(fetching: Fetching, server: IndexServer, partial_file: str) -> None:
    fcntl = pytest.importorskip("fcntl")
    write(partial_file, b"what the other one has")
    other = os.open(partial_file, os.O_RDWR)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert await fetch(fetching, server, partial_file) == DATA
    finally:
        os.close(other)
    assert read(partial_file) == b"what the other one has"


async def test_a_partial_file_that_cannot_be(fetching: Fetching, server: IndexServer, tmp_path: Path) -> None:
    write(str(tmp_path / "file"), b"")
    with pytest.raises(StoreError, match=NAME):
        await fetch(fetching, server, str(tmp_path / "file" / "below"))


@pytest.fixture
def small_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    action = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, action)


@pytest.mark.usefixtures("small_files")
async def test_a_full_disk(fetching: Fetching, server: IndexServer, partial_file: str) -> None:
    with pytest.raises(StoreError) as caught:
        await fetch(fetching, server, partial_file)
    assert "too large" in str(caught.value.why)
    assert not fetching.reporter.events[-1].ok  # type: ignore[union-attr] # the end of the transfer


# --- slots


async def test_no_more_at_once_than_there_are_slots(fetching: Fetching, server: IndexServer) -> None:
    names = [f"p{number}-1-py3-none-any.whl" for number in range(6)]
    for name in names:
        server.add(name, DATA[:1000], metadata=b"")
        server.script(f"/files/{name}", Fault(stall_at=10, stall_seconds=0.05))
    open_now = most = 0

    class Counting:
        def emit(self, event: object) -> None:
            nonlocal open_now, most
            open_now += isinstance(event, TransferStarted)
            open_now -= isinstance(event, TransferEnded)
            most = max(most, open_now)

    async with fetching.open_downloader(concurrent=2) as downloader, anyio.create_task_group() as tasks:
        downloader._reporter = Counting()
        for name in names:
            tasks.start_soon(_fetch_one, downloader, fetching.store, server.file_url(name), name)
    assert most == 2
    assert len(server.requests) == 6


async def _fetch_one(downloader: Downloader, store: Store, url: str, name: str) -> None:
    await downloader.fetch(url, label=name, size_bytes=1000, partial_path=None, open_file=FreshFiles(store).take)


async def test_cancelling_gives_slots_back(fetching: Fetching, server: IndexServer) -> None:
    server.script(FILE, *[Fault(stall_at=10, stall_seconds=5)] * 2)
    async with fetching.open_downloader(concurrent=1) as downloader:
        for _ in range(2):
            with anyio.move_on_after(0.1) as scope:
                await downloader.fetch(
                    server.file_url(NAME),
                    label=NAME,
                    size_bytes=None,
                    partial_path=None,
                    open_file=FreshFiles(fetching.store).take,
                )
            assert scope.cancelled_caught
        with anyio.fail_after(5):
            content = await downloader.fetch(
                server.file_url(NAME),
                label=NAME,
                size_bytes=None,
                partial_path=None,
                open_file=FreshFiles(fetching.store).take,
            )
    assert bytes_of(content) == DATA
