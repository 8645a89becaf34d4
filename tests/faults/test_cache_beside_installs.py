"""The cache is emptied again and again while installs fill and link it: each of them succeeds, with all files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import distributions_in

if TYPE_CHECKING:
    from tests.faults.conftest import Site
    from tests.support.environments import Outcome
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

PROJECTS = ("one", "two", "three")
EMPTYING = (("purge",), ("prune", "--older-than", "0s"), ("remove", "two"), ("verify",))


@pytest.mark.timeout(120)
def test_installs_beside_purges(site: Site, index_server: IndexServer) -> None:
    for name in PROJECTS:
        index_server.add_wheel(name, "1.0", files={f"{name}/f{count}.py": "x = 1" for count in range(100)})
    over = threading.Event()
    emptied: list[Outcome] = []

    def empty() -> None:
        while not over.is_set():
            emptied.append(site.asyncpip("cache", *EMPTYING[len(emptied) % len(EMPTYING)]))

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        for count in range(6):
            outcome = site.install("-i", index_server.index_url, "--target", f"t{count}", "--verify", *PROJECTS)
            assert outcome.code == 0, outcome.text
            assert distributions_in(site.work / f"t{count}") == ["one-1.0", "three-1.0", "two-1.0"]
    finally:
        over.set()
        thread.join()
    assert [each.text for each in emptied if each.code != 0] == []
    assert len(emptied) > 1
