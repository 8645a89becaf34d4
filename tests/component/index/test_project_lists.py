"""Lists of projects from indexes, and how long they are good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.core.events import Level
from asyncpip.core.urls import path_to_url
from asyncpip.index.client import PROJECT_LIST_USABLE_SECONDS
from tests.component.index.test_client import NOBODY, Run
from tests.support.index_server import Fault, IndexServer

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_blocking")]


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.fixture
def server(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("Some.Project", "1.0")
    index_server.add_wheel("other", "1.0")
    return index_server


async def names(run: Run, *index_urls: str, **options: Any) -> list[list[str]]:
    async with run.client(*index_urls, **options) as client:
        return [listed.names for listed in await client.fetch_project_lists()]


@pytest.mark.parametrize("kind", ["json", "html", "gzip"])
async def test_list(server: IndexServer, run: Run, kind: str) -> None:
    server.switches.json = kind != "html"
    server.switches.gzip_pages = kind == "gzip"
    assert await names(run, server.index_url + "/") == [["other", "some-project"]]
    assert run.reporter.events == []


async def test_a_fresh_list_is_not_asked_for_again(server: IndexServer, run: Run) -> None:
    first = await names(run, server.index_url)
    run.seconds += 599
    assert await names(run, server.index_url) == first
    assert server.paths() == ["/simple/"]


async def test_a_stale_list_does_for_an_hour_and_is_confirmed_after_it(server: IndexServer, run: Run) -> None:
    await names(run, server.index_url)
    run.seconds += PROJECT_LIST_USABLE_SECONDS - 1
    await names(run, server.index_url)
    assert len(server.requests) == 1
    run.seconds += 2
    assert await names(run, server.index_url) == [["other", "some-project"]]
    assert server.requests[1].headers["if-none-match"]


async def test_a_list_without_validators_is_kept(server: IndexServer, run: Run) -> None:
    server.switches.cache_control, server.switches.etags = None, False
    await names(run, server.index_url)
    assert await names(run, server.index_url) == [["other", "some-project"]]
    assert len(server.requests) == 1


@pytest.mark.parametrize("directive", ["no-store", "no-cache", "max-age=1, must-revalidate"])
async def test_what_the_server_forbids_is_not_done(server: IndexServer, run: Run, directive: str) -> None:
    server.switches.cache_control = directive
    await names(run, server.index_url)
    run.seconds += 2
    await names(run, server.index_url)
    assert len(server.requests) == 2


async def test_refresh_asks_again_and_offline_never(server: IndexServer, run: Run) -> None:
    await names(run, server.index_url)
    assert await names(run, server.index_url, refresh=[":all:"]) == [["other", "some-project"]]
    run.seconds += 10 * PROJECT_LIST_USABLE_SECONDS
    assert await names(run, server.index_url, offline=True) == [["other", "some-project"]]
    assert len(server.requests) == 2
    assert await names(run, NOBODY, offline=True) == []


async def test_an_index_that_fails_is_left_out(server: IndexServer, run: Run) -> None:
    server.script("/simple/", Fault(status=403))
    with IndexServer() as second:
        second.add_wheel("third", "1.0")
        assert await names(run, server.index_url, NOBODY, second.index_url) == [["third"]]
    assert len(run.warnings) == 2


async def test_an_index_without_a_list_is_no_warning(server: IndexServer, run: Run) -> None:
    server.script("/simple/", Fault(status=404))
    assert await names(run, server.index_url) == []
    assert run.warnings == []


async def test_a_page_that_is_no_list(server: IndexServer, run: Run) -> None:
    server.pages["/simple/"] = ("text/plain", b"hello")
    assert await names(run, server.index_url) == []
    assert "no list of projects" in run.warnings[0]


async def test_an_index_in_a_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.b").mkdir()
    (tmp_path / "file").touch()
    assert await names(run, str(tmp_path)) == [["a-b"]]
    (tmp_path / "index.html").write_text('<a href="c/">C</a>')
    assert await names(run, path_to_url(str(tmp_path))) == [["c"]]
    assert await names(run, str(tmp_path / "missing")) == []
    assert run.reporter.texts(Level.WARNING) != []
