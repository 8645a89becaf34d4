"""Runs that are interrupted or killed: the environment is as before, and the next run works."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.index_server import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

SLOW_SOURCE = "X = [" + ",".join(f"({number}, {number} + 1, 'text {number}')" for number in range(30_000)) + "]\n"
"""Takes half a second to compile."""
NOISE = random.Random(1).randbytes(4_000_000)  # noqa: S311 - noise, not a secret


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("demo", "1.0", files={"demo/__init__.py": "X = 1\n", "demo/old.py": "X = 1\n"})
    index_server.add_wheel("demo", "2.0", files={"demo/__init__.py": "X = 2\n", "demo/slow.py": SLOW_SOURCE})
    index_server.add_wheel("leaf", "1.0")
    return index_server


@pytest.fixture
def prepared(site: Site, index: IndexServer) -> Site:
    outcome = site.install("demo==1.0", "-i", index.index_url)
    assert outcome.code == 0, outcome.text
    return site


def check_works(site: Site, index: IndexServer, *more: str) -> None:
    outcome = site.install("demo==2.0", "leaf", "-i", index.index_url, *more)
    assert outcome.code == 0, outcome.text
    assert site.environment.distributions() == ["demo-2.0", "leaf-1.0"]
    assert not [path for path in site.environment.site_packages.iterdir() if path.name.startswith(".asyncpip")]
    assert not (site.environment.site_packages / "demo" / "old.py").exists()


def asked_for(index: IndexServer, path: str) -> Callable[[], bool]:
    return lambda: path in index.paths()


PLACES = {
    "the page": "/simple/leaf/",
    "the metadata": "/files/leaf-1.0-py3-none-any.whl.metadata",
    "the wheel": "/files/leaf-1.0-py3-none-any.whl",
}


@pytest.mark.parametrize("path", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("cache", [(), ("--no-cache-dir",)], ids=["cache", "no cache"])
def test_ctrl_c_while_something_is_fetched(
    prepared: Site, index: IndexServer, path: str, cache: tuple[str, ...]
) -> None:
    index.script(path, Fault(stall_at=10, stall_seconds=60))
    before = prepared.tree()
    outcome = prepared.interrupt(
        signal.SIGINT,
        *("demo==2.0", "leaf", "-i", index.index_url, *cache),
        when=asked_for(index, path),
        group=True,
    )
    assert outcome.code == 1, outcome.text
    assert "Operation cancelled by user" in outcome.stderr, outcome.text
    assert "Traceback" not in outcome.stderr, outcome.text
    assert prepared.tree() == before
    assert prepared.store_leftovers() == []
    check_works(prepared, index, *cache)


@pytest.mark.parametrize("command", ["install", "download"])
@pytest.mark.parametrize("path", PLACES.values(), ids=PLACES)
def test_ctrl_c_pressed_again_and_again(site: Site, index: IndexServer, path: str, command: str) -> None:
    """It counts as one: what the first begins to put right is not interrupted in its turn."""
    index.script(path, Fault(stall_at=10, stall_seconds=60))
    before = site.tree()
    arguments = ("leaf", "-i", index.index_url)
    outcome = site.interrupt(
        signal.SIGINT, *arguments, when=asked_for(index, path), group=True, command=command, presses=6
    )
    assert outcome.code == 1, outcome.text
    assert outcome.stderr.splitlines()[-1] == "ERROR: Operation cancelled by user", outcome.text
    assert "Traceback" not in outcome.stderr, outcome.text
    assert site.tree() == before
    assert site.store_leftovers() == []
    assert site.install(*arguments).code == 0


def in_transaction(site: Site) -> Callable[[], bool]:
    """Whether new files stand in the environment, and it is being compiled."""
    return (site.environment.site_packages / "demo" / "slow.py").exists


@pytest.mark.parametrize("group", [False, True], ids=["the process", "its group"])
def test_ctrl_c_while_the_environment_changes(prepared: Site, index: IndexServer, group: bool) -> None:
    before = prepared.tree()
    outcome = prepared.interrupt(
        signal.SIGINT,
        *("demo==2.0", "leaf", "-i", index.index_url, "--compile"),
        when=in_transaction(prepared),
        group=group,
    )
    assert outcome.code == 1, outcome.text
    assert "Operation cancelled by user" in outcome.stderr, outcome.text
    assert prepared.tree() == before
    check_works(prepared, index)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP], ids=lambda number: number.name)
def test_a_kill_while_the_environment_changes(prepared: Site, index: IndexServer, number: signal.Signals) -> None:
    before = prepared.tree()
    outcome = prepared.interrupt(
        number, "demo==2.0", "leaf", "-i", index.index_url, "--compile", when=in_transaction(prepared), group=True
    )
    assert outcome.code == -number
    if number is not signal.SIGKILL:
        assert prepared.tree() == before
    # Whatever looks at the environment next puts it right first; here a run that has nothing to do.
    after = prepared.install("demo==1.0", "-i", index.index_url)
    assert after.code == 0, after.text
    assert "Requirement already satisfied: demo==1.0" in after.stdout, after.text
    assert prepared.tree() == before
    check_works(prepared, index)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("cache", [(), ("--no-cache-dir",)], ids=["cache", "no cache"])
def test_a_kill_while_something_is_fetched(
    prepared: Site, index: IndexServer, number: signal.Signals, cache: tuple[str, ...]
) -> None:
    path = PLACES["the wheel"]
    index.script(path, Fault(stall_at=10, stall_seconds=60))
    before = prepared.tree()
    outcome = prepared.interrupt(
        number, "demo==2.0", "leaf", "-i", index.index_url, *cache, when=asked_for(index, path)
    )
    assert outcome.code == -number
    if number is signal.SIGTERM:
        assert "Operation ended by SIGTERM" in outcome.stderr, outcome.text
        assert prepared.tree() == before
        assert prepared.store_leftovers() == []
    assert prepared.install("demo==1.0", "-i", index.index_url).code == 0
    assert prepared.tree() == before
    check_works(prepared, index, *cache)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_while_a_child_unpacks(prepared: Site, index: IndexServer, number: signal.Signals) -> None:
    """No child outlives the run, and no half of a tree is taken for one."""
    files = {f"big/f{count}.py": f"X = {count}\n" for count in range(2500)}
    index.add_wheel("big", "1.0", files={"big/noise.bin": NOISE, **files})
    before = prepared.tree()
    folder = prepared.cache / "asyncpip" / "tmp"
    outcome = prepared.interrupt(
        number, "big", "-i", index.index_url, when=lambda: any(folder.glob("*/200")), group=number is signal.SIGINT
    )
    assert outcome.code in (1, -number), outcome.text
    assert prepared.tree() == before
    if number is signal.SIGINT:
        assert "Operation cancelled by user" in outcome.stderr, outcome.text
        assert "Traceback" not in outcome.stderr, outcome.text
        assert prepared.store_leftovers() == []
    done = prepared.install("big", "-i", index.index_url)
    assert done.code == 0, done.text
    assert len(list((prepared.environment.site_packages / "big").iterdir())) == 2501
