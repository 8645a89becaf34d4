"""Commands that ask an index and change nothing, and the lines of the reference that name them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import Workplace
from tests.support.index_server import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.environments import Environment

SEED_LINES = [
    "pip search requests",
    'pip search "http client"',
    "pip search -v requests",
    "pip search --index https://pypi.example.org/simple requests",
    "pip index versions package_name",
]


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add_wheel("requests", "2.0", more_headers=["Summary: HTTP for humans."])
        server.add_wheel("requests", "2.1", more_headers=["Summary: HTTP for humans."])
        server.add_wheel("http-client", "1.0", more_headers=["Summary: A client."])
        server.add_wheel("requests-http-client", "1.0", more_headers=["Summary: Both."])
        server.add_wheel("package_name", "1.0")
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, template: Environment, index: IndexServer) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("lookup") / "place", template)
    assert workplace.install("-i", index.index_url, "requests==2.0").code == 0
    return workplace


@pytest.mark.parametrize("line", SEED_LINES)
def test_seed_lines(place: Workplace, index: IndexServer, line: str) -> None:
    words = shlex.split(line)[1:]
    words = [index.index_url if "://" in word else word for word in words]
    done = place.asyncpip(*words, environ={"PIP_INDEX_URL": index.index_url})
    assert done.code == 0, done.text
    assert done.stderr == ""
    assert done.stdout.startswith(("requests (2.1)", "http-client (1.0)", "package_name (1.0)"))


def test_search(place: Workplace, index: IndexServer) -> None:
    done = place.asyncpip("search", "-v", "--index", index.index_url, "requests")
    assert done.stdout.splitlines() == [
        "requests (2.1)              - HTTP for humans.",
        "  INSTALLED: 2.0",
        "  LATEST:    2.1",
        "  VERSIONS:  2.1, 2.0",
        "requests-http-client (1.0)  - Both.",
        "  VERSIONS:  1.0",
    ]


def test_nothing_found(place: Workplace, index: IndexServer) -> None:
    done = place.asyncpip("search", "-i", index.index_url, "zzzzz")
    assert (done.code, done.stdout) == (23, "")
    assert done.stderr == "WARNING: No project has a name like 'zzzzz'\n"


def test_what_is_missing_for_a_search(place: Workplace, index: IndexServer) -> None:
    assert place.asyncpip("search").code == 1
    assert place.asyncpip("search", "--no-index", "x").code == 1
    done = place.asyncpip("search", "-i", index.url + "/nowhere", "x")
    assert done.code == 1
    assert "no index lists its projects" in done.stderr


def test_the_address_that_pip_searches_stands_for_the_simple_index(place: Workplace, index: IndexServer) -> None:
    assert place.asyncpip("search", "--index", index.url + "/pypi", "requests").code == 0


def test_more_than_are_shown(place: Workplace) -> None:
    with IndexServer() as server:
        for number in range(25):
            server.add_wheel(f"many-{number}", "1.0")
        done = place.asyncpip("search", "-i", server.index_url, "many")
        lines = done.stdout.splitlines()
        assert len(lines) == 21
        assert lines[-1].startswith("20 of 25 projects")


def test_versions_say_why_there_is_none(place: Workplace) -> None:
    with IndexServer() as server:
        server.add_wheel("future", "1.0", requires_python=">=4")
        server.add_wheel("early", "1.0a1")
        future = place.asyncpip("index", "versions", "-i", server.index_url, "future")
        early = place.asyncpip("index", "versions", "-i", server.index_url, "early")
        missing = place.asyncpip("index", "versions", "-i", server.index_url, "missing")
    assert "1.0 Requires-Python >=4" in future.stderr
    assert "--pre admits pre-releases" in early.stderr
    assert "check the spelling" in missing.stderr
    assert {future.code, early.code, missing.code} == {1}


def test_an_index_that_does_not_answer_is_named(place: Workplace) -> None:
    dead = ("-i", "http://127.0.0.1:1/simple", "--retries", "0")
    versions = place.asyncpip("index", "versions", *dead, "missing")
    assert versions.code == 1
    assert "not all places answered (see above): http://127.0.0.1:1/simple" in versions.stderr
    assert "spelling" not in versions.stderr


def test_versions_as_json(place: Workplace, index: IndexServer) -> None:
    done = place.asyncpip("index", "versions", "-i", index.index_url, "--json", "Requests")
    assert json.loads(done.stdout) == {
        "name": "Requests",
        "versions": ["2.1", "2.0"],
        "latest": "2.1",
        "installed_version": "2.0",
    }
