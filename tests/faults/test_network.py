"""An index that fails, through the command line: what is said, and that nothing has changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.index_server import Fault
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

COUNT = 20


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    """Twenty projects, and one of them installed in an older version."""
    for number in range(COUNT):
        index_server.add_wheel(f"p{number}", "2.0")
    index_server.add_wheel("p3", "1.0")
    return index_server


@pytest.fixture
def prepared(site: Site, index: IndexServer) -> Site:
    outcome = site.install("p3==1.0", "-i", index.index_url)
    assert outcome.code == 0, outcome.text
    return site


def arguments(index: IndexServer, *more: str) -> list[str]:
    names = [f"p{number}" for number in range(COUNT)]
    return [*names, "-U", "-i", index.index_url, "--retries", "0", "--timeout", "2", *more]


def wheel_path(number: int) -> str:
    return f"/files/p{number}-2.0-py3-none-any.whl"


def check_failed(site: Site, index: IndexServer, *says: str) -> None:
    before = site.tree()
    outcome = site.install(*arguments(index, "--no-cache-dir" if "no cache" in says else "--refresh"))
    assert outcome.code == 1, outcome.text
    assert "Traceback" not in outcome.stderr, outcome.text
    assert all(text in outcome.stderr for text in says if text != "no cache"), outcome.text
    assert site.tree() == before
    assert site.store_leftovers() == []


def check_works(site: Site, index: IndexServer) -> None:
    outcome = site.install(*arguments(index))
    assert outcome.code == 0, outcome.text
    assert site.environment.distributions() == sorted(f"p{number}-2.0" for number in range(COUNT))


@pytest.mark.parametrize("cache", ["cache", "no cache"])
def test_a_broken_wheel_among_many(prepared: Site, index: IndexServer, cache: str) -> None:
    broken = build_wheel("p11", "3.0", bad_crc=["p11.py"])
    file = index.add(*broken)
    says = [broken[0], "member `p11.py` is damaged"]
    check_failed(prepared, index, *says, *([cache] if cache == "no cache" else []))
    index.projects["p11"].remove(file)
    assert prepared.install("p11==2.0", "-i", index.index_url, "--refresh").code == 0
    check_works(prepared, index)


def test_a_wheel_that_was_tampered_with(prepared: Site, index: IndexServer) -> None:
    index.script(wheel_path(11), Fault(body=build_wheel("p11", "2.0", files={"evil.py": "x"})[1]))
    check_failed(prepared, index, "p11-2.0", "THESE PACKAGES DO NOT MATCH THE HASHES")
    check_works(prepared, index)


def test_wheels_that_are_gone(prepared: Site, index: IndexServer) -> None:
    index.script(wheel_path(5), Fault(status=404))
    check_failed(prepared, index, "p5-2.0", "404")
    check_works(prepared, index)


def test_an_index_that_is_overloaded_for_ever(prepared: Site, index: IndexServer) -> None:
    index.script("/simple/p7/", *[Fault(status=503)] * 20)
    check_failed(prepared, index, "p7", "503")


def test_transfers_that_are_always_cut(prepared: Site, index: IndexServer) -> None:
    index.script(wheel_path(5), *[Fault(cut_at=50)] * 20)
    check_failed(prepared, index, "could not download p5-2.0")


def test_transfers_that_are_cut_often(prepared: Site, index: IndexServer) -> None:
    for number in range(COUNT):
        index.script(wheel_path(number), *[Fault(cut_at=100)] * (number % 4))
    check_works(prepared, index)


def test_a_server_that_goes_away(prepared: Site, index: IndexServer) -> None:
    index.stop()
    check_failed(prepared, index, "p0")


def test_failing_does_not_wait_for_what_still_hangs(prepared: Site, index: IndexServer) -> None:
    for number in (1, 2, 4):
        index.script(wheel_path(number), Fault(stall_at=5, stall_seconds=30))
    index.script(wheel_path(11), *[Fault(status=404)] * 4)
    before = prepared.tree()
    started = time.monotonic()
    outcome = prepared.install(*arguments(index, "--timeout", "30"))
    assert outcome.code == 1, outcome.text
    assert time.monotonic() - started < 10
    assert prepared.tree() == before
    assert prepared.store_leftovers() == []
