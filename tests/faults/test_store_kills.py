"""Runs that are killed before any of their changes to the store: what they leave in it is never taken for whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.killed_runs import killed_runs

if TYPE_CHECKING:
    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel(
        "app", "1.0", files={"app/__init__.py": "X = 1\n", "app/b.bin": bytes(99)}, requires=["leaf"]
    )
    index_server.add_wheel("leaf", "1.0", files={"leaf.py": "Y = 2\n"})
    return index_server


@pytest.mark.parametrize(("options", "stride"), [((), 3), (("--compile", "--jobs", "1"), 4)], ids=["usual", "compile"])
def test_an_install_that_fills_it(site: Site, index: IndexServer, options: tuple[str, ...], stride: int) -> None:
    """The environment is changed only when all is in the store; the next run ends as an undisturbed one does."""
    place = site.environment.directory
    line = ["install", "--python", str(place), "-i", index.index_url, "app", *options]
    environ = site.environ({"PIP_CACHE_DIR": str(place / "cache"), "SOURCE_DATE_EPOCH": "315532800"})
    ends = killed_runs(
        line, [*line, "--verify"], place=place, cwd=site.work, environ=environ, stride=stride, watched=place / "cache"
    )
    assert len(ends.ends) > 20 // stride
    wrong = [end for end in ends.ends if end.state != "after" or end.look_code != 0 or "Traceback" in end.look]
    assert wrong == []
    checked = site.asyncpip("cache", "verify", "--cache-dir", str(place / "cache"))
    assert "0 damaged" in checked.stdout, checked.text
