"""Many projects asked for side by side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from asyncpip.core.events import Level, Stage, StageProgress
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.lookup import LookUp, look_up_projects
from tests.support.memory import MemoryRecords, MemoryReporter

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.core.ports import RecordStore
    from tests.support.index_server import IndexServer

NAMES = [canonicalize_name(name) for name in ("a", "b", "nobody")]


def how(*index_urls: str, records: RecordStore | None = None, find_links: tuple[str, ...] = ()) -> LookUp:
    return LookUp(
        index_urls=index_urls,
        find_links=find_links,
        refresh=frozenset(),
        offline=False,
        transport=TransportOptions(index_urls=index_urls, retries=0),
        environ={"PATH": os.defpath},
        records=records,
    )


def test_pages_of_all_places(index_server: IndexServer, tmp_path: Path) -> None:
    index_server.add_wheel("a", "1.0")
    index_server.add_wheel("a", "2.0")
    index_server.add_wheel("b", "1.0")
    (tmp_path / "b-3.0-py3-none-any.whl").touch()
    reporter = MemoryReporter()
    found, failed = look_up_projects(NAMES, how(index_server.index_url, find_links=(str(tmp_path),)), reporter)
    assert failed == ()
    assert list(found) == NAMES
    versions = {name: [sorted(page.versions) for page in pages] for name, pages in found.items()}
    assert versions == {"a": [["1.0", "2.0"]], "b": [["1.0"], ["3.0"]], "nobody": []}
    progress = [event for event in reporter.events if isinstance(event, StageProgress)]
    assert progress[0] == StageProgress(Stage.ASKING, 0, 3)
    assert [(event.done, event.total) for event in progress] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_answers_are_kept(index_server: IndexServer) -> None:
    index_server.add_wheel("a", "1.0")
    records = MemoryRecords()
    look_up_projects(NAMES[:1], how(index_server.index_url, records=records), MemoryReporter())
    assert records.records


def test_a_place_that_fails_is_left_out(index_server: IndexServer) -> None:
    index_server.add_wheel("a", "1.0")
    reporter = MemoryReporter()
    places = how("http://me:secret@127.0.0.1:9/simple", index_server.index_url)
    found, failed = look_up_projects(NAMES, places, reporter)
    assert failed == ("http://me:****@127.0.0.1:9/simple",)
    assert [len(found[name]) for name in NAMES] == [1, 0, 0]
    assert any("Could not fetch URL" in text for text in reporter.texts(Level.WARNING))
