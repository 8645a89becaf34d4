"""Pages from indexes and find-links places, over a real server."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from asyncpip.core.events import Level
from asyncpip.core.urls import path_to_url
from asyncpip.index.answers import INLINE_BYTES
from asyncpip.index.client import IndexClient
from tests.support.index_server import Fault, IndexServer
from tests.support.memory import MemoryRecords, MemoryReporter
from tests.support.simple_transport import SimpleTransport
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from asyncpip.core.page import ProjectPage

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_blocking")]
DEMO = cast("NormalizedName", "demo")
OTHER = cast("NormalizedName", "other")
PAGE = "/simple/demo/"
NOBODY = "http://127.0.0.1:9/simple"  # the discard port: nothing listens there


class Run:
    """What outlives one client, as the store and the terminal do."""

    def __init__(self) -> None:
        self.records = MemoryRecords()
        self.reporter = MemoryReporter()
        self.transport = SimpleTransport()
        self.seconds = 1_000_000.0

    @asynccontextmanager
    async def client(self, *index_urls: str, **options: Any) -> AsyncIterator[IndexClient]:
        options.setdefault("is_trusted_origin", lambda _: True)
        async with IndexClient(
            self.transport, self.records, self.reporter, index_urls=index_urls, now=lambda: self.seconds, **options
        ) as client:
            yield client

    async def pages(self, *index_urls: str, name: NormalizedName = DEMO, **options: Any) -> tuple[ProjectPage, ...]:
        async with self.client(*index_urls, **options) as client:
            return await client.fetch_pages(name)

    @property
    def warnings(self) -> list[str]:
        return self.reporter.texts(Level.WARNING)


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.fixture
def server(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("demo", "1.0")
    return index_server


def versions(pages: Sequence[ProjectPage]) -> list[list[str]]:
    return [list(page.versions) for page in pages]


@pytest.mark.parametrize("kind", ["json", "html", "gzip"])
async def test_page(server: IndexServer, run: Run, kind: str) -> None:
    server.switches.json = kind != "html"
    server.switches.gzip_pages = kind == "gzip"
    (page,) = await run.pages(server.index_url)
    (file,) = page.files("1.0")
    assert file.url == server.file_url(file.filename)
    assert isinstance(file.core_metadata, dict)
    assert len(file.hashes["sha256"]) == 64
    assert run.reporter.events == []


async def test_all_places_are_asked_and_keep_their_order(server: IndexServer, run: Run, tmp_path: Path) -> None:
    filename, data = build_wheel("demo", "3.0")
    (tmp_path / filename).write_bytes(data)
    with IndexServer() as slow:
        slow.add_wheel("demo", "2.0")
        slow.script(PAGE, Fault(stall_seconds=0.1))
        pages = await run.pages(slow.index_url, server.index_url, find_links=[str(tmp_path)])
    assert versions(pages) == [["2.0"], ["1.0"], ["3.0"]]
    assert [page.is_find_links for page in pages] == [False, False, True]


async def test_same_place_twice_is_asked_once(server: IndexServer, run: Run) -> None:
    assert len(await run.pages(server.index_url, server.index_url)) == 1


async def test_unknown_project_is_no_warning(server: IndexServer, run: Run) -> None:
    assert await run.pages(server.index_url, name=OTHER) == ()
    assert run.warnings == []
    assert "404" in run.reporter.texts(Level.DEBUG)[0]


async def test_relative_links_follow_a_redirect(server: IndexServer, run: Run) -> None:
    with IndexServer() as front:
        front.script(PAGE, Fault(redirect=server.index_url + "/demo/"))
        (page,) = await run.pages(front.index_url)
    assert page.files("1.0")[0].url.startswith(server.url)


async def test_fresh_page_is_not_asked_again(server: IndexServer, run: Run) -> None:
    (first,) = await run.pages(server.index_url)
    run.seconds += 599
    (again,) = await run.pages(server.index_url)
    assert again.files("1.0") == first.files("1.0")
    assert server.paths() == [PAGE]
    run.seconds += 1
    await run.pages(server.index_url)
    assert server.paths() == [PAGE, PAGE]


async def test_unchanged_page_is_confirmed_and_fresh_again(server: IndexServer, run: Run) -> None:
    await run.pages(server.index_url)
    run.seconds += 1000
    (page,) = await run.pages(server.index_url)
    assert list(page.versions) == ["1.0"]
    assert "if-none-match" in server.requests[-1].headers
    run.seconds += 599
    await run.pages(server.index_url)
    assert len(server.requests) == 2


async def test_changed_page_replaces_the_stored_one(server: IndexServer, run: Run) -> None:
    await run.pages(server.index_url)
    run.seconds += 1000
    server.add_wheel("demo", "2.0")
    assert versions(await run.pages(server.index_url)) == [["1.0", "2.0"]]
    assert versions(await run.pages(server.index_url)) == [["1.0", "2.0"]]
    assert len(server.requests) == 2


@pytest.mark.parametrize(("refresh", "requests"), [({":all:"}, 2), ({"demo"}, 2), ({"other"}, 1), ((), 1)])
async def test_refresh(server: IndexServer, run: Run, refresh: set[str], requests: int) -> None:
    await run.pages(server.index_url)
    await run.pages(server.index_url, refresh=refresh)
    assert len(server.requests) == requests
    if requests == 2:
        assert server.requests[-1].headers["cache-control"] == "max-age=0"


@pytest.mark.parametrize(("cache_control", "etags"), [(None, False), ("no-store", True)])
async def test_pages_that_may_not_be_kept(
    server: IndexServer, run: Run, cache_control: str | None, etags: bool
) -> None:
    server.switches.cache_control, server.switches.etags = cache_control, etags
    async with run.client(server.index_url) as client:
        await client.fetch_pages(DEMO)
        assert client.recognisable_pages is None
    assert run.records.records == {}
    await run.pages(server.index_url)
    assert "if-none-match" not in server.requests[-1].headers


async def test_no_store_forgets_what_was_stored(server: IndexServer, run: Run) -> None:
    await run.pages(server.index_url)
    server.switches.cache_control = "no-store"
    server.add_wheel("demo", "2.0")
    await run.pages(server.index_url, refresh={"demo"})
    assert await run.pages(server.index_url, offline=True) == ()


async def test_records_are_keyed_without_credentials_and_written_off_the_loop(server: IndexServer, run: Run) -> None:
    url = server.index_url.replace("://", "://me:secret@")
    await run.pages(url)
    assert {key for _, key in run.records.records} == {server.index_url + "/demo/"}
    assert threading.get_ident() not in run.records.writing_threads
    assert not any(b"secret" in data for data in run.records.records.values())


async def test_recognisable_pages(server: IndexServer, run: Run) -> None:
    seen = []
    for seconds in (0, 10, 1000):
        run.seconds += seconds
        async with run.client(server.index_url) as client:
            await client.fetch_pages(DEMO)
            seen.append(dict(client.recognisable_pages or {}))
    assert seen[0] == seen[1] == seen[2]
    assert list(seen[0]) == [server.index_url + "/demo/"]


async def test_damaged_record_is_a_miss(server: IndexServer, run: Run) -> None:
    await run.pages(server.index_url)
    for key in run.records.records:
        run.records.records[key] = b"\x93damage"
    assert versions(await run.pages(server.index_url)) == [["1.0"]]


async def test_offline_takes_stale_pages_and_sends_nothing(server: IndexServer, run: Run) -> None:
    await run.pages(server.index_url)
    run.seconds += 10_000
    assert versions(await run.pages(server.index_url, offline=True, refresh={":all:"})) == [["1.0"]]
    assert await run.pages(server.index_url, name=OTHER, offline=True) == ()
    assert server.paths() == [PAGE]


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault(status=401), "401"),
        (Fault(status=403), "403"),
        (Fault(status=500), "500"),
        (Fault(cut_at=5), "ended"),
        (Fault(drop=True), "connection"),
        (Fault(body=b"{"), "not JSON"),
        (Fault(headers={"Content-Type": "application/json"}), "content type application/json"),
    ],
)
async def test_failing_index_is_skipped_with_a_warning(
    server: IndexServer, run: Run, fault: Fault, complaint: str
) -> None:
    with IndexServer() as second:
        second.add_wheel("demo", "2.0")
        server.script(PAGE, fault)
        url = server.index_url.replace("://", "://me:secret@")
        assert versions(await run.pages(url, second.index_url)) == [["2.0"]]
    (warning,) = run.warnings
    assert complaint in warning
    assert server.index_url.partition("://")[2] in warning
    assert "secret" not in warning


async def test_failures_of_one_kind_are_told_once(server: IndexServer, run: Run) -> None:
    server.script(PAGE, Fault(status=403))
    server.script("/simple/other/", Fault(status=403))
    async with run.client(server.index_url) as client:
        assert await client.fetch_pages(DEMO) == ()
        assert await client.fetch_pages(OTHER) == ()
    assert len(run.warnings) == 1
    assert len(run.reporter.texts(Level.VERBOSE)) == 1


async def test_index_that_cannot_be_reached_is_not_tried_again(run: Run) -> None:
    async with run.client(NOBODY) as client:
        assert await client.fetch_pages(DEMO) == ()
        assert await client.fetch_pages(OTHER) == ()
    assert len(run.warnings) == 1
    assert len(run.transport.asked) == 1


async def test_untrusted_places_are_skipped_in_pips_words(run: Run) -> None:
    async with run.client(
        "http://index.test/simple", find_links=["http://index.test/links.html"], is_trusted_origin=lambda _: False
    ) as client:
        assert await client.fetch_pages(DEMO) == ()
        assert await client.fetch_pages(OTHER) == ()
    assert run.transport.asked == []
    (warning,) = run.warnings
    assert warning.startswith("The repository located at index.test is not a trusted or secure host and is being")
    assert warning.endswith("'--trusted-host index.test'.")


async def test_large_page(server: IndexServer, run: Run) -> None:
    server.projects["demo"] *= 1001
    assert len(server._json_page("demo", server.projects["demo"])) > INLINE_BYTES
    (page,) = await run.pages(server.index_url)
    assert len(page.files("1.0")) == 1001


async def test_index_in_a_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "index.html").write_text('<a href="demo-1.0.tar.gz#sha256=1">', "utf-8")
    (tmp_path / "empty").mkdir()
    expected = path_to_url(str(tmp_path / "demo")) + "/demo-1.0.tar.gz"
    for location in (str(tmp_path), path_to_url(str(tmp_path)), path_to_url(str(tmp_path)) + "/"):
        (page,) = await run.pages(location)
        assert [file.url for file in page.files("1.0")] == [expected]
        assert not page.is_find_links
    assert run.warnings == []
    assert await run.pages(str(tmp_path), name=cast("NormalizedName", "empty")) == ()
    assert run.warnings == []
    assert await run.pages(str(tmp_path), name=OTHER) == ()
    assert await run.pages(path_to_url(str(tmp_path)), name=OTHER) == ()
    assert [text.partition("is ignored: ")[2] for text in run.warnings] == [
        "it is either a non-existing path or lacks a specific scheme.",
        "it is neither a file nor a directory.",
    ]


async def test_find_links_page_is_fetched_once_and_kept(server: IndexServer, run: Run) -> None:
    server.pages["/links.html"] = ("text/html", b'<a href="d/demo-1.0.tar.gz"></a><a href="other-2-py3-none-any.whl">')
    place = server.url + "/links.html"
    async with run.client(find_links=[place]) as client:
        (page,) = await client.fetch_pages(DEMO)
        assert page.is_find_links
        assert page.files("1.0")[0].url == server.url + "/d/demo-1.0.tar.gz"
        assert versions(await client.fetch_pages(OTHER)) == [["2"]]
        assert await client.fetch_pages(cast("NormalizedName", "third")) == ()
    assert versions(await run.pages(find_links=[place])) == [["1.0"]]
    assert versions(await run.pages(find_links=[place], offline=True)) == [["1.0"]]
    assert server.paths() == ["/links.html"]


async def test_find_links_page_that_fails(server: IndexServer, run: Run) -> None:
    assert await run.pages(find_links=[server.url + "/gone/"]) == ()
    server.script("/links/", Fault(status=500))
    assert await run.pages(find_links=[server.url + "/links/"]) == ()
    assert len(run.warnings) == 1


async def test_find_links_archive(run: Run) -> None:
    (page,) = await run.pages(find_links=["http://nowhere.test/demo-1.0.tar.gz"])
    assert [file.url for file in page.files("1.0")] == ["http://nowhere.test/demo-1.0.tar.gz"]
    assert run.transport.asked == []


async def test_no_place_at_all(run: Run) -> None:
    assert await run.pages() == ()


async def test_metadata(server: IndexServer, run: Run) -> None:
    async with run.client(server.index_url) as client:
        (page,) = await client.fetch_pages(DEMO)
        result = await client.fetch_metadata(page.files("1.0")[0])
    assert result.metadata == server.projects["demo"][0].metadata
