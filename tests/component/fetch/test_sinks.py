"""What arrives in pieces and over several answers is whole in the end."""

from __future__ import annotations

import errno
import os
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import anyio
import pytest

from asyncpip.core.events import TransferProgress
from asyncpip.fetch import conveyor, sinks
from asyncpip.fetch.hashes import RunningDigests
from asyncpip.fetch.received import ReceivedFile
from asyncpip.fetch.sinks import FileSink, Progress, TemporaryFileSink
from asyncpip.net.transport import FailureKind, TransportError
from tests.support.memory import MemoryReporter
from tests.support.received import bytes_of
from tests.support.simple_transport import SimpleResponse

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.fetch.sinks import Sink

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 40


def ignored(_: int) -> None:
    """Hear how much came, and do nothing."""


def answer(body: bytes, *, is_cut: bool = False) -> SimpleResponse:
    return SimpleResponse("http://host/", 200, {}, body, is_cut=is_cut)


def open_temporary(folder: Path) -> tuple[int, str]:
    path = str(folder / "temporary")
    return os.open(path, os.O_WRONLY | os.O_CREAT), path


@pytest.fixture(params=["partial", "temporary", "temporary or memory"])
def sink(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setattr(conveyor, "BUFFER_BYTES", 1000)
    monkeypatch.setattr(sinks, "_IN_MEMORY_BYTES", 1000 if request.param == "temporary" else 50_000)
    if request.param.startswith("temporary"):
        return TemporaryFileSink(lambda _: open_temporary(tmp_path))
    return FileSink(str(tmp_path / "partial" / "file"))


async def whole(sink: Sink) -> bytes:
    content = await sink.finish()
    await sink.aclose()
    return bytes_of(content)


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize("cut", [0, 1, 999, 1000, 1001, 5000])
async def test_one_answer_goes_on_after_another(sink: Sink, size: int | None, cut: int) -> None:
    heard: list[int] = []
    with pytest.raises(TransportError) as caught:
        await sink.take(answer(CONTENT[:cut], is_cut=True), size, heard.append)
    assert caught.value.kind is FailureKind.CUT
    assert sink.received == cut
    await sink.take(answer(CONTENT[cut:]), size, heard.append)
    assert sink.received == len(CONTENT) == sum(heard)
    assert await whole(sink) == CONTENT


async def test_a_size_that_becomes_known_later(sink: Sink) -> None:
    with pytest.raises(TransportError):
        await sink.take(answer(CONTENT[:700], is_cut=True), None, ignored)
    with pytest.raises(TransportError):
        await sink.take(answer(CONTENT[700:1900], is_cut=True), len(CONTENT), ignored)
    await sink.take(answer(CONTENT[1900:]), None, ignored)
    assert await whole(sink) == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), None])
async def test_starting_over(sink: Sink, size: int | None) -> None:
    await sink.take(answer(b"x" * 4321), 4321, ignored)
    await sink.restart()
    assert sink.received == 0
    await sink.take(answer(CONTENT), size, ignored)
    assert await whole(sink) == CONTENT


async def test_a_body_that_ends_early_or_goes_on(sink: Sink) -> None:
    await sink.take(answer(CONTENT[:3000]), len(CONTENT), ignored)
    assert sink.received == 3000
    more = answer(CONTENT[3000:] + b"more")
    await sink.take(more, len(CONTENT), ignored)
    assert await more.read_into(memoryview(bytearray(9))) == 4  # is left to whoever asks
    assert await whole(sink) == CONTENT


async def test_a_file_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "partial"
    path.write_bytes(CONTENT[:2345])
    sink = FileSink(str(path))
    assert sink.received == 2345
    await sink.take(answer(CONTENT[2345:]), len(CONTENT), ignored)
    assert await whole(sink) == CONTENT


class Kept:
    """A watcher that keeps what it sees."""

    def __init__(self, slow_seconds: float = 0.0, fails_at: int = 1 << 60) -> None:
        self.seen = b""
        self.slow_seconds = slow_seconds
        self.fails_at = fails_at

    def restart(self) -> None:
        self.seen = b""

    def feed(self, data: memoryview) -> None:
        time.sleep(self.slow_seconds)
        if len(self.seen) + len(data) > self.fails_at:
            raise OSError(errno.ENOSPC, "no space")
        self.seen += data


@pytest.mark.parametrize("slow", [0, 1, 2])
async def test_many_watchers_however_slow_see_all_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: int
) -> None:
    monkeypatch.setattr(conveyor, "BUFFER_BYTES", 1000)
    watchers = [Kept(0.005 if number == slow else 0) for number in range(3)]
    sink = FileSink(str(tmp_path / "partial"), watchers)
    for _ in range(2):
        await sink.take(answer(CONTENT), len(CONTENT), ignored)
        await sink.finish()
        assert [watcher.seen for watcher in watchers] == [CONTENT] * 3
        await sink.restart()
    assert len(sink._conveyor._free) <= 5
    await sink.aclose()
    assert "conveyor" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("number", [0, 1])
async def test_a_watcher_that_fails_ends_the_transfer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(conveyor, "BUFFER_BYTES", 1000)
    watchers = [Kept(), Kept()]
    watchers[number].fails_at = 2500
    sink = FileSink(str(tmp_path / "partial"), watchers)
    with pytest.raises(OSError, match="no space"):
        await sink.take(answer(CONTENT * 100), 100 * len(CONTENT), ignored)
    with pytest.raises(OSError, match="no space"):
        await sink.finish()
    await sink.aclose()
    assert (CONTENT * 2).startswith(read(tmp_path / "partial"))
    assert watchers[number].seen == CONTENT[:2000]


def read(path: Path) -> bytes:
    return path.read_bytes()


async def test_watchers_see_what_is_in_the_file(tmp_path: Path) -> None:
    path, watcher, other = tmp_path / "partial", Kept(), Kept()
    path.write_bytes(CONTENT[:345])
    sink = FileSink(str(path), [watcher, other])
    with pytest.raises(TransportError):
        await sink.take(answer(CONTENT[345:1900], is_cut=True), len(CONTENT), ignored)
    await sink.take(answer(CONTENT[1900:]), len(CONTENT), ignored)
    await sink.finish()
    assert watcher.seen == CONTENT
    await sink.restart()
    assert watcher.seen == b""
    await sink.take(answer(CONTENT[::-1]), len(CONTENT), ignored)
    assert await whole(sink) == CONTENT[::-1]
    assert watcher.seen == other.seen == CONTENT[::-1]


@pytest.mark.parametrize("buffers", [0, 1, 2, 5])
async def test_what_was_handed_over_and_not_taken_is_written_in_order(tmp_path: Path, buffers: int) -> None:
    """A run may be given up between a full buffer and the thread that writes it."""
    path = tmp_path / "partial"
    sink = FileSink(str(path), [Kept(0.002)])
    heard: list[int] = []
    with anyio.CancelScope() as scope:

        def hear(size_bytes: int) -> None:
            heard.append(size_bytes)
            if sum(heard) > buffers * 1024 * 1024:
                scope.cancel()

        await sink.take(answer(CONTENT * 1000), len(CONTENT) * 1000, hear)
    assert scope.cancelled_caught
    await sink.aclose()
    written = path.read_bytes()
    assert len(written) == sink.received
    assert (CONTENT * 1000).startswith(written)


async def test_no_other_run_has_a_file_before_it_is_released(tmp_path: Path) -> None:
    """Else it could begin the file again while this run reads what it has checked."""
    pytest.importorskip("fcntl")
    path = str(tmp_path / "partial")
    sink = FileSink(path)
    await sink.take(answer(CONTENT), len(CONTENT), ignored)
    received = await sink.finish()
    await sink.aclose()
    assert isinstance(received, ReceivedFile)
    other = FileSink(path)
    await other.restart()
    await other.aclose()
    assert bytes_of(received) == CONTENT  # and releases it; that others may have it is so at once
    another = FileSink(path)
    assert another.received == len(CONTENT)
    await another.aclose()


async def test_a_full_disk_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conveyor, "BUFFER_BYTES", 1000)
    sink = FileSink(str(tmp_path / "partial"))
    write, room = os.write, [1500]

    def write_while_there_is_room(descriptor: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "no space")
        written = write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_while_there_is_room)
        with pytest.raises(OSError, match="no space"):
            await sink.take(answer(CONTENT), len(CONTENT), ignored)
    await sink.aclose()
    assert (tmp_path / "partial").read_bytes() == CONTENT[:1500]


async def test_a_full_disk_under_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = TemporaryFileSink(lambda _: open_temporary(tmp_path))

    def write_nothing(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", write_nothing)
        with pytest.raises(OSError, match="no space"):
            await sink.take(answer(CONTENT * 10), len(CONTENT) * 10, ignored)
    await sink.aclose()


@pytest.mark.parametrize("in_memory", [100, 50_000])
async def test_what_sees_an_archive_sees_each_piece_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(sinks, "_IN_MEMORY_BYTES", in_memory)
    digests = RunningDigests([])
    sink = TemporaryFileSink(lambda _: open_temporary(tmp_path), [digests])
    await sink.take(answer(CONTENT[:500]), None, ignored)  # of nobody knows how many
    await sink.take(answer(CONTENT[500:]), len(CONTENT), ignored)
    assert digests.known() == {"sha256": sha256(CONTENT).hexdigest()}
    await sink.restart()
    await sink.take(answer(CONTENT), len(CONTENT), ignored)
    assert digests.known() == {"sha256": sha256(CONTENT).hexdigest()}
    assert await whole(sink) == CONTENT


async def test_no_file_is_made_for_a_few_bytes(tmp_path: Path) -> None:
    sink = TemporaryFileSink(lambda _: open_temporary(tmp_path))
    await sink.take(answer(CONTENT), len(CONTENT), ignored)
    assert await whole(sink) == CONTENT
    assert os.listdir(tmp_path) == []


async def test_an_archive_whose_size_nobody_tells_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "UNANNOUNCED_LIMIT_BYTES", 5000)
    for size in (5000, 5001):
        sink = TemporaryFileSink(lambda _: open_temporary(tmp_path))
        if size <= 5000:
            await sink.take(answer(CONTENT[:size]), None, ignored)
            assert await whole(sink) == CONTENT[:size]
        else:
            with pytest.raises(TransportError) as caught:
                await sink.take(answer(CONTENT[:size]), None, ignored)
            assert "nobody says" in str(caught.value.why)
            await sink.aclose()


def test_progress_is_told_now_and_then_and_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "_PROGRESS_SECONDS", 3600.0)
    reporter = MemoryReporter()
    progress = Progress(reporter, "a")
    for _ in range(100):
        progress.add(10_000)
    assert len(reporter.events) == 3
    progress.tell()
    progress.tell()
    assert sum(event.received_bytes for event in reporter.events if isinstance(event, TransferProgress)) == 1_000_000
    assert len(reporter.events) == 4
    monkeypatch.setattr(sinks, "_PROGRESS_SECONDS", 0.0)
    progress.add(1)
    assert len(reporter.events) == 5
