"""Projects by name, from list to summary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from asyncpip.core.events import Level
from asyncpip.errors import IndexAccessError
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.lookup import LookUp
from asyncpip.pipeline.search import parse_about, search_projects
from tests.support.index_server import Fault
from tests.support.memory import MemoryRecords, MemoryReporter

if TYPE_CHECKING:
    from asyncpip.core.ports import RecordStore
    from asyncpip.pipeline.search import SearchAnswer
    from tests.support.index_server import IndexServer


def search(
    server: IndexServer,
    *words: str,
    records: RecordStore | None = None,
    offline: bool = False,
    reporter: MemoryReporter | None = None,
    limit: int = 20,
) -> SearchAnswer:
    how = LookUp(
        index_urls=(server.index_url,),
        find_links=(),
        refresh=frozenset(),
        offline=offline,
        transport=TransportOptions(index_urls=(server.index_url,), retries=0),
        environ={"PATH": os.defpath},
        records=records,
    )
    return search_projects(words, how, reporter or MemoryReporter(), limit=limit)


def test_newest_version_and_summary(index_server: IndexServer) -> None:
    index_server.add_wheel("Some_Demo", "1.0", more_headers=["Summary: old"])
    index_server.add_wheel("Some_Demo", "2.0", more_headers=["Summary: A demo."])
    index_server.add_wheel("Some_Demo", "3.0rc1", more_headers=["Summary: too new"])
    index_server.add_wheel("Some_Demo", "2.5", more_headers=["Summary: withdrawn"], yanked=True)
    answer = search(index_server, "demo")
    (found,) = answer.projects
    assert (found.name, found.written, str(found.latest)) == ("some-demo", "Some_Demo", "2.0")
    assert list(map(str, found.versions)) == ["3.0rc1", "2.0", "1.0"]
    assert found.about.summary == "A demo."
    assert answer.fitting == 1


def test_a_pre_release_where_there_is_nothing_else(index_server: IndexServer) -> None:
    index_server.add_wheel("demo", "1.0a1")
    (found,) = search(index_server, "demo").projects
    assert str(found.latest) == "1.0a1"


def test_an_older_wheel_tells_where_the_newest_release_has_none(index_server: IndexServer) -> None:
    index_server.add_wheel("demo", "1.0", more_headers=["Summary: A demo."])
    index_server.add_sdist("demo", "2.0")
    (found,) = search(index_server, "demo").projects
    assert (str(found.latest), found.about.summary) == ("2.0", "A demo.")


@pytest.mark.parametrize("metadata", [True, False])
def test_metadata_comes_without_archives(index_server: IndexServer, *, metadata: bool) -> None:
    index_server.switches.metadata = metadata
    index_server.add_wheel("demo", "1.0", more_headers=["Summary: A demo."])
    (found,) = search(index_server, "demo").projects
    assert found.about.summary == "A demo."


def test_projects_without_files_make_room(index_server: IndexServer) -> None:
    index_server.empty_projects |= {"demo", "demo-a"}
    index_server.add_wheel("demo-ab", "1.0", yanked=True)
    for name in ("demo-abc", "demo-abcd", "demo-abcde"):
        index_server.add_wheel(name, "1.0")
    answer = search(index_server, "demo", limit=3)
    assert [found.name for found in answer.projects] == ["demo-abc", "demo-abcd", "demo-abcde"]
    assert answer.fitting == 6


def test_asked_again_nothing_is_sent(index_server: IndexServer) -> None:
    for name in ("demo", "demo-two"):
        index_server.add_wheel(name, "1.0", more_headers=[f"Summary: {name.upper()}"])
    records = MemoryRecords()
    first = search(index_server, "demo", records=records)
    sent = len(index_server.requests)
    for offline in (False, True):
        again = search(index_server, "demo", records=records, offline=offline)
        assert [found.about.summary for found in again.projects] == ["DEMO", "DEMO-TWO"]
    assert [found.name for found in first.projects] == ["demo", "demo-two"]
    assert sent == len(index_server.requests) == 5


def test_metadata_that_cannot_be_had_leaves_the_summary_out(index_server: IndexServer) -> None:
    file = index_server.add_wheel("demo", "1.0")
    for path in (f"/files/{file.filename}", f"/files/{file.filename}.metadata"):
        index_server.script(path, *[Fault(status=500)] * 9)
    reporter = MemoryReporter()
    (found,) = search(index_server, "demo", reporter=reporter).projects
    assert (found.written, found.about.summary) == ("demo", "")
    assert any("No metadata of demo" in text for text in reporter.texts(Level.DEBUG))


def test_no_list_is_an_error(index_server: IndexServer) -> None:
    index_server.script("/simple/", Fault(status=404))
    with pytest.raises(IndexAccessError, match="no index lists its projects"):
        search(index_server, "demo")


def test_offline_without_pages_is_an_error(index_server: IndexServer) -> None:
    """Not "nothing found": the list, which is here, has the name."""
    index_server.add_wheel("demo", "1.0")
    index_server.switches.cache_control, index_server.switches.etags = None, False
    records = MemoryRecords()
    search(index_server, "demo", records=records)
    with pytest.raises(IndexAccessError, match="demo"):
        search(index_server, "demo", records=records, offline=True)


def test_metadata_is_made_fit_for_terminals() -> None:
    about = parse_about(
        b"Metadata-Version: 2.1\nName: x\nVersion: 1\nSummary: a\x1b[31m b\n  c\nHome-page: http://h/\n"
        b"Project-URL: Docs, http://d/\nProject-URL: Empty,\n\nText"
    )
    assert about.summary == "a [31m b c"
    assert about.urls == [("Homepage", "http://h/"), ("Docs", "http://d/")]
