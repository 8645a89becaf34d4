"""Core metadata by the cheapest way that the server offers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from asyncpip.core.page import PageFile
from asyncpip.core.urls import path_to_url
from asyncpip.errors import DownloadError, HashMismatchError
from asyncpip.index.metadata_client import ARCHIVE_LIMIT_BYTES, MetadataResult, fetch_metadata
from asyncpip.index.page import JSON_TYPE, parse_page
from asyncpip.net.transport import TransportError
from tests.support.index_server import Fault
from tests.support.memory import MemoryReporter
from tests.support.simple_transport import SimpleTransport
from tests.support.wheel_builder import build_sdist, build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

    from tests.support.index_server import IndexServer, Request, ServedFile

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_blocking")]
NOISE = random.Random(1).randbytes(300_000)  # noqa: S311 - bytes that do not compress, the same each time
PATH = "/files/demo-1.0-py3-none-any.whl"


async def ask(file: PageFile, *, offline: bool = False) -> MetadataResult:
    return await fetch_metadata(SimpleTransport(), file, MemoryReporter(), offline=offline)


def entry_of(server: IndexServer) -> PageFile:
    """The entry of the only file of `demo`, as the server's page has it now."""
    body = server._json_page("demo", server.projects["demo"])
    page = parse_page(
        body,
        content_type=JSON_TYPE,
        url=server.index_url + "/demo/",
        project=cast("NormalizedName", "demo"),
    )
    (file,) = page.files("1.0")
    return file


def archive_requests(server: IndexServer) -> list[Request]:
    return [request for request in server.requests if request.path == PATH]


@pytest.fixture
def small(index_server: IndexServer) -> ServedFile:
    return index_server.add_wheel("demo", "1.0", requires=["a"])


@pytest.fixture
def large(index_server: IndexServer) -> ServedFile:
    return index_server.add_wheel("demo", "1.0", requires=["a"], files={"demo/data": NOISE})


async def test_companion(index_server: IndexServer, small: ServedFile) -> None:
    assert await ask(entry_of(index_server)) == (small.metadata, None)
    assert index_server.paths() == [PATH + ".metadata"]


@pytest.mark.parametrize("core_metadata", [True, {}, {"blake9": "00"}])
async def test_companion_without_a_digest_that_we_know(
    index_server: IndexServer, small: ServedFile, core_metadata: bool | dict[str, str]
) -> None:
    file = msgspec.structs.replace(entry_of(index_server), core_metadata=core_metadata)
    assert (await ask(file)).metadata == small.metadata
    assert index_server.paths() == [PATH + ".metadata"]


@pytest.mark.usefixtures("small")
async def test_companion_with_a_wrong_digest(index_server: IndexServer) -> None:
    index_server.script(PATH + ".metadata", Fault(body=b"Name: evil\n"))
    with pytest.raises(HashMismatchError, match=r"\.metadata") as caught:
        await ask(entry_of(index_server))
    assert "Expected sha256 " in str(caught.value.why)


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(status=403), Fault(cut_at=3), Fault(drop=True)])
async def test_missing_companion_falls_to_ranges(index_server: IndexServer, large: ServedFile, fault: Fault) -> None:
    index_server.script(PATH + ".metadata", fault)
    assert await ask(entry_of(index_server)) == (large.metadata, None)
    assert len(archive_requests(index_server)) == 1


async def test_tail(index_server: IndexServer, large: ServedFile) -> None:
    index_server.switches.metadata = False
    assert await ask(entry_of(index_server)) == (large.metadata, None)
    (request,) = archive_requests(index_server)
    assert request.headers["range"] == f"bytes={len(large.data) - 65536}-{len(large.data) - 1}"
    assert request.headers["accept-encoding"] == "identity"


async def test_tail_of_unknown_size(index_server: IndexServer, large: ServedFile) -> None:
    index_server.switches.metadata = index_server.switches.sizes = False
    assert await ask(entry_of(index_server)) == (large.metadata, None)
    assert [request.headers["range"] for request in archive_requests(index_server)] == ["bytes=-65536"]


async def test_server_without_suffix_ranges(index_server: IndexServer, large: ServedFile) -> None:
    switches = index_server.switches
    switches.metadata = switches.sizes = switches.suffix_ranges = False
    assert await ask(entry_of(index_server)) == (large.metadata, None)
    assert len(archive_requests(index_server)) == 3


@pytest.mark.usefixtures("large")
async def test_server_that_takes_suffix_ranges_for_an_error(index_server: IndexServer) -> None:
    index_server.switches.metadata = index_server.switches.sizes = index_server.switches.ranges = False
    file = entry_of(index_server)
    index_server.script(PATH, Fault(status=501))
    assert await ask(file) == (None, None)


async def test_range_that_is_too_long(index_server: IndexServer) -> None:
    index_server.switches.metadata = index_server.switches.sizes = False
    index_server.add_wheel("demo", "1.0")
    file = entry_of(index_server)
    said = f"bytes 0-{ARCHIVE_LIMIT_BYTES}/{ARCHIVE_LIMIT_BYTES + 1}"
    index_server.script(PATH, Fault(headers={"Content-Range": said}))
    assert await ask(file) == (None, None)


async def test_small_wheel_is_not_lost(index_server: IndexServer, small: ServedFile) -> None:
    index_server.switches.metadata = False
    assert await ask(entry_of(index_server)) == (small.metadata, small.data)
    assert len(archive_requests(index_server)) == 1


async def test_wheel_is_not_lost_where_there_are_no_ranges(index_server: IndexServer, large: ServedFile) -> None:
    index_server.switches.metadata = index_server.switches.ranges = False
    assert await ask(entry_of(index_server)) == (large.metadata, large.data)


@pytest.mark.usefixtures("small")
async def test_whole_wheel_with_a_wrong_digest(index_server: IndexServer) -> None:
    index_server.switches.metadata = False
    file = msgspec.structs.replace(entry_of(index_server), hashes={"sha256": "0" * 64})
    with pytest.raises(HashMismatchError):
        await ask(file)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(headers={"Content-Range": "bytes 0-65535/400000"}), id="another range"),
        pytest.param(Fault(headers={"Content-Range": "bytes */*"}), id="no range"),
        pytest.param(Fault(headers={"Content-Range": "bytes 9-5/400000"}), id="impossible range"),
        pytest.param(Fault(body=b"short"), id="another length"),
        pytest.param(Fault(body=b"\0" * 65536), id="no zip"),
        pytest.param(Fault(ignore_range=True, length=ARCHIVE_LIMIT_BYTES + 1), id="huge"),
    ],
)
async def test_odd_answers_leave_it_to_the_downloader(index_server: IndexServer, fault: Fault) -> None:
    index_server.switches.metadata = False
    file = entry_of(index_server)
    index_server.script(PATH, fault)
    assert await ask(file) == (None, None)


@pytest.mark.usefixtures("small")
async def test_wheel_that_is_gone(index_server: IndexServer) -> None:
    index_server.switches.metadata = False
    file = entry_of(index_server)
    index_server.script(PATH, Fault(status=404))
    with pytest.raises(DownloadError) as caught:
        await ask(file)
    assert "404" in str(caught.value.why)
    index_server.script(PATH, Fault(drop=True))
    with pytest.raises(TransportError):
        await ask(file)


async def test_sdist_is_left_to_the_downloader(index_server: IndexServer) -> None:
    index_server.add_sdist("demo", "1.0")
    assert await ask(entry_of(index_server)) == (None, None)
    assert index_server.requests == []


@pytest.mark.usefixtures("small")
async def test_offline(index_server: IndexServer) -> None:
    with pytest.raises(DownloadError, match="not in the store"):
        await ask(entry_of(index_server), offline=True)
    assert index_server.requests == []


def local(path: Path, core_metadata: bool | dict[str, str] | None = None) -> PageFile:
    return PageFile(filename=path.name, url=path_to_url(str(path)), core_metadata=core_metadata)


async def test_local_wheel(tmp_path: Path) -> None:
    filename, data = build_wheel("demo", "1.0", files={"demo/data": NOISE}, metadata="Name: demo\n")
    path = tmp_path / filename
    path.write_bytes(data)
    assert await ask(local(path), offline=True) == (b"Name: demo\n", None)
    (tmp_path / (filename + ".metadata")).write_bytes(b"companion")
    assert (await ask(local(path))).metadata == b"Name: demo\n"
    assert (await ask(local(path, core_metadata=True))).metadata == b"companion"
    with pytest.raises(HashMismatchError):
        await ask(local(path, core_metadata={"sha256": "0"}))


async def test_local_files_that_do_not_tell(tmp_path: Path) -> None:
    filename, data = build_sdist("demo", "1.0")
    (tmp_path / filename).write_bytes(data)
    assert await ask(local(tmp_path / filename)) == (None, None)
    broken = tmp_path / "demo-1.0-py3-none-any.whl"
    broken.write_bytes(b"no zip archive at all, this")
    assert await ask(local(broken)) == (None, None)
    with pytest.raises(DownloadError, match="could not read"):
        await ask(local(tmp_path / "demo-2.0-py3-none-any.whl"))
