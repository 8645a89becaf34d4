"""What arrives in pieces and over several answers is whole in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.core.events import TransferProgress
from asyncpip.fetch import sinks
from asyncpip.fetch.sinks import FileSink, MemorySink, Progress
from asyncpip.net.transport import FailureKind, TransportError
from tests.support.memory import MemoryReporter
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


@pytest.fixture(params=["memory", "file"])
def sink(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setattr(sinks, "_AT_ONCE_BYTES", 1000)
    monkeypatch.setattr(sinks, "_WRITE_BUFFER_BYTES", 1000)
    return MemorySink() if request.param == "memory" else FileSink(str(tmp_path / "partial" / "file"))


async def whole(sink: Sink) -> bytes:
    content = await sink.finish()
    await sink.aclose()
    return bytes(content)


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
