"""`lock` beyond what pip's can be compared with."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.support.index_server import Fault, IndexServer
from tests.support.source_tree import source_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.environments import Workplace


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add_wheel("plain", "1.0")
        server.add_wheel("plain", "1.0", tag="cp27-cp27m-win32")
        server.add_wheel("child", "1.0", requires=["plain"])
        yield server


def test_nothing_but_the_lock_file_on_stdout(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.asyncpip("lock", "-v", "-i", index.index_url, "-o", "-", "child")
    assert done.code == 0, done.text
    packages = tomllib.loads(done.stdout)["packages"]
    assert [(each["name"], len(each["wheels"])) for each in packages] == [("child", 1), ("plain", 2)]
    assert list(workplace.work.iterdir()) == []


def test_no_archive_is_fetched(workplace: Workplace, index: IndexServer) -> None:
    assert workplace.asyncpip("lock", "-i", index.index_url, "child").code == 0
    assert [path for path in index.paths(containing="/files/") if not path.endswith(".metadata")] == []


def test_a_dry_run_writes_nothing(workplace: Workplace, index: IndexServer) -> None:
    done = workplace.asyncpip("lock", "--dry-run", "-i", index.index_url, "child")
    assert done.code == 0, done.text
    assert done.stdout.splitlines()[-1] == "Would lock 2 projects in pylock.toml"
    assert list(workplace.work.iterdir()) == []


def test_a_run_that_fails_leaves_the_old_file(workplace: Workplace, index: IndexServer) -> None:
    lock = workplace.work / "pylock.toml"
    lock.write_text("old")
    assert workplace.asyncpip("lock", "-i", index.index_url, "child", "plain<1").code == 1
    index.script("/simple/plain/", *[Fault(status=403)] * 9)
    assert workplace.asyncpip("lock", "--refresh", "-i", index.index_url, "child").code == 1
    assert lock.read_text() == "old"
    assert list(workplace.work.iterdir()) == [lock]


def test_credentials_stay_out(workplace: Workplace, index: IndexServer) -> None:
    index.switches.credentials = ("somebody", "sesame")
    url = index.index_url.replace("://", "://somebody:sesame@")
    for switch in (True, False):
        index.switches.absolute_urls = switch
        done = workplace.asyncpip("lock", "--no-cache-dir", "-i", url, "child")
        assert done.code == 0, done.text
        assert "sesame" not in (workplace.work / "pylock.toml").read_text() + done.stdout + done.stderr
    back = workplace.install("-i", url, "-r", "pylock.toml")
    assert back.code == 0, back.text
    assert workplace.environment.distributions() == ["child-1.0", "plain-1.0"]


def test_what_has_no_hash_is_told_of(workplace: Workplace, index: IndexServer) -> None:
    write_tree(workplace.work / "proj", source_tree("proj", "1.0", requires=["plain"]))
    done = workplace.asyncpip("lock", "-i", index.index_url, "./proj")
    assert done.code == 0, done.text
    assert done.stdout.splitlines()[-1].startswith("Directories and checkouts have no hash (proj): ")
    refused = workplace.install("--no-index", "-r", "pylock.toml")
    assert refused.code == 1
    assert "--no-require-hashes" in refused.stderr
    assert workplace.install("--no-index", "--no-require-hashes", "-r", "pylock.toml").code == 0
    assert workplace.environment.distributions() == ["plain-1.0", "proj-1.0"]


def test_an_index_without_digests_costs_archives(workplace: Workplace, index: IndexServer) -> None:
    index.switches.hashes = False
    done = workplace.asyncpip("lock", "-i", index.index_url, "--timings", "t.json", "child")
    assert done.code == 0, done.text
    packages = tomllib.loads((workplace.work / "pylock.toml").read_text())["packages"]
    assert [len(each["wheels"]) for each in packages] == [1, 1]
    assert json.loads((workplace.work / "t.json").read_text())["requests"] > 0
    index.switches.hashes = True
    back = workplace.install("--no-index", "-r", "pylock.toml")
    assert back.code == 0, back.text
