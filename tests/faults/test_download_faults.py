"""Downloads that are cut, killed or run out of disk: a file in the directory is whole or not there."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.index_server import Fault
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

NOISE = random.Random(3).randbytes(2_000_000)  # noqa: S311 - noise, not a secret
BIG_NAME, BIG = build_wheel("big", "1.0", files={"noise.bin": NOISE})
SMALL_NAME, SMALL = build_wheel("small", "1.0")
WHOLE = {BIG_NAME: BIG, SMALL_NAME: SMALL}
CACHES = pytest.mark.parametrize("cache", [(), ("--no-cache-dir",)], ids=["cache", "no cache"])


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for name, data in WHOLE.items():
        index_server.add(name, data)
    return index_server


def content(site: Site) -> dict[str, bytes]:
    place = site.work / "dest"
    return {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()} if place.is_dir() else {}


def check_works(site: Site, index: IndexServer, *more: str) -> None:
    outcome = site.asyncpip("download", "-d", "dest", "-i", index.index_url, "big", "small", *more)
    assert outcome.code == 0, outcome.text
    assert content(site) == WHOLE
    assert sorted(path.name for path in (site.work / "dest").iterdir()) == sorted(WHOLE)


@CACHES
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_while_an_archive_arrives(
    site: Site, index: IndexServer, number: signal.Signals, cache: tuple[str, ...]
) -> None:
    index.script(f"/files/{BIG_NAME}", Fault(stall_at=1_000_000, stall_seconds=60))
    arguments = ["-d", "dest", "-i", index.index_url, "big", "small", *cache]
    outcome = site.interrupt(number, *arguments, command="download", when=lambda: f"/files/{BIG_NAME}" in index.paths())
    assert outcome.code != 0
    assert all(WHOLE[name] == data for name, data in content(site).items() if not name.startswith("."))
    check_works(site, index, *cache)


@CACHES
def test_a_cut_archive_goes_on(site: Site, index: IndexServer, cache: tuple[str, ...]) -> None:
    index.script(f"/files/{BIG_NAME}", Fault(cut_at=700_000), Fault(cut_at=1_500_000))
    check_works(site, index, *cache)
    ranges = [each.headers["range"] for each in index.requests if "range" in each.headers and "big" in each.path]
    assert ranges[-1].startswith("bytes=")


@CACHES
def test_a_full_disk(site: Site, index: IndexServer, cache: tuple[str, ...]) -> None:
    arguments = ["-d", "dest", "-i", index.index_url, "big", "small", *cache]
    outcome = site.install_with_full_disk(*arguments, command="download", largest_file_bytes=1_000_000)
    assert outcome.code == 1, outcome.text
    assert "Traceback" not in outcome.stderr
    assert BIG_NAME not in content(site)
    check_works(site, index, *cache)


@CACHES
def test_a_directory_that_cannot_be_made(site: Site, index: IndexServer, cache: tuple[str, ...]) -> None:
    (site.work / "dest").write_text("a file\n")
    outcome = site.asyncpip("download", "-d", "dest", "-i", index.index_url, "small", *cache)
    assert outcome.code == 1
    assert "could not make the directory" in outcome.stderr
    assert index.requests == []
