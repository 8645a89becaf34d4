"""`install` through pip and through asyncpip: exit codes and streams where it cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.twins import Twins
from tests.support.index_server import IndexServer
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.environments import Environment

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def broken() -> Iterator[IndexServer]:
    """An index of projects that cannot be installed, each for another reason."""
    with IndexServer() as server:
        server.add_wheel("plain", "1.0")
        server.add_wheel("without-wheel-file", "1.0", leave_out=["WHEEL"])
        server.add_wheel("bad-crc", "1.0", files={"bad_crc.py": "x"}, bad_crc=["bad_crc.py"])
        server.add_wheel("leaves", "1.0", raw_members=[("../leaves.py", "x")])
        server.add_wheel("too-new", "1.0", wheel_version="2.0")
        server.add_wheel("newer", "1.0", wheel_version="1.9")
        server.add("cut-1.0-py3-none-any.whl", build_wheel("cut", "1.0")[1][:-60])
        server.add_wheel("bad-script", "1.0", entry_points={"console_scripts": ["x = bad_script"]})
        server.add_wheel("two-infos", "1.0", raw_members=[("other-1.0.dist-info/METADATA", "x")])
        server.add_wheel("other-name", "1.0", metadata="Metadata-Version: 2.1\nName: other\nVersion: 1.0\n\n")
        server.add_wheel("other-version", "1.0", metadata="Metadata-Version: 2.1\nName: other-version\nVersion: 2\n\n")
        server.add_wheel("bad-requirement", "1.0", requires=["plain (>=1.0", "==x"])
        server.add("bad_hash-1.0-py3-none-any.whl", build_wheel("bad-hash", "1.0")[1], sha256="0" * 64)
        server.add_wheel("wants-old", "1.0", requires=["plain<1"])
        server.add_wheel("wants-none", "1.0", requires=["not-there>=2"])
        yield server


@pytest.fixture
def places(tmp_path: Path, template: Environment, broken: IndexServer, golden_cache: Path) -> Twins:
    return Twins(tmp_path, template, broken, golden_cache)


def test_broken_wheels(places: Twins) -> None:
    places.check("newer")
    for name in ("without-wheel-file", "too-new", "cut", "two-infos", "bad-hash", "wants-old", "wants-none"):
        places.check(name, Wanted.STOPS_EARLIER, code=1)
    for name in ("leaves", "bad-script"):
        places.check(name, Wanted.STOPS_EARLIER, Wanted.LEAVES_NOTHING_BEHIND, code=1)
    places.check("bad-crc", Wanted.STOPS_EARLIER, Wanted.LEAVES_NOTHING_BEHIND, Wanted.NO_TRACEBACK, code=1)
    for name in ("other-name", "other-version"):
        places.check(name, Wanted.STOPS_EARLIER, Wanted.WARNS_OF_BROKEN_RELEASES, code=1)
    places.check("bad-requirement", Wanted.STOPS_EARLIER, code=1)


def test_what_is_asked_for_is_malformed(places: Twins) -> None:
    places.write({"bad.txt": "plain\n==oops\n", "cycle.txt": "-r cycle.txt\n", "option.txt": "--no-deps\n"})
    for line in (
        "plain=1",
        "'plain>>1'",
        "plain[",
        "./missing",
        "plain==9",
        "missing-project",
        "-r bad.txt",
        "-r cycle.txt",
        "-r missing.txt",
        "-c missing.txt plain",
        "-r option.txt",
        "",
        "plain --require-hashes --no-require-hashes",
    ):
        places.check(line, code=1)
    places.check("''")


def test_conflicts(twins: Twins) -> None:
    twins.check("wants-old wants-new", Wanted.STOPS_EARLIER, code=1)
    twins.write({"limits.txt": "plain<2\n"})
    twins.check("wants-new -c limits.txt", Wanted.STOPS_EARLIER, code=1)
    twins.check("plain==1.0 plain==2.0", Wanted.STOPS_EARLIER, code=1)


def test_an_index_that_is_not_there(twins: Twins) -> None:
    twins.check("-i http://127.0.0.1:1/simple --retries 0 plain", Wanted.TELLS_DEAD_INDEXES, index=False, code=1)
