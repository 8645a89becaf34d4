"""Many processes at once: on one store, in one environment, and taking away what others put there."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from asyncpip.environment.lock import lock_environment
from tests.support.environments import copy_environment, distributions_in, read_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.conftest import Site
    from tests.support.environments import Environment, Outcome
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

NAMES = ("one", "two", "three", "four")


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for name in NAMES:
        for version in ("1.0", "2.0"):
            index_server.add_wheel(
                name,
                version,
                files={f"{name}/f{count}.py": f"x = '{version}'" for count in range(60)} | {f"{name}/{version}.py": ""},
                entry_points={"console_scripts": [f"{name} = {name}.f1:main"]},
            )
    return index_server


def at_once(site: Site, lines: Sequence[Sequence[str]]) -> list[Outcome]:
    """Run command lines side by side."""
    with ThreadPoolExecutor(len(lines)) as pool:
        return list(pool.map(lambda line: site.asyncpip(*line), lines))


def test_one_cold_store(site: Site, index: IndexServer, template: Environment) -> None:
    """Each of several runs finds it empty; what they need is the same, and in the end it is there once."""
    environments = [copy_environment(template, site.directory / f"env{number}") for number in range(5)]
    line = ["install", "-i", index.index_url, *(f"{name}==1.0" for name in NAMES)]
    with ThreadPoolExecutor(len(environments)) as pool:
        outcomes = list(pool.map(lambda each: site.asyncpip(*line, python=each.directory), environments))
    assert [each.text for each in outcomes if (each.code, each.stderr) != (0, "")] == []
    trees = [read_tree(each.site_packages) for each in environments]
    for tree in trees:
        for path in [path for path in tree if path.endswith("RECORD")]:
            del tree[path]  # it has the hash of scripts, and these name their environment
    assert all(tree == trees[0] for tree in trees)
    assert distributions_in(environments[0].site_packages) == sorted(f"{name}-1.0" for name in NAMES)
    assert site.store_leftovers() == []
    assert len(list((site.cache / "asyncpip").glob("trees-v*/*/*/manifest"))) == len(NAMES)
    assert "0 damaged" in site.asyncpip("cache", "verify").stdout


def test_installs_into_one_environment_queue(site: Site, index: IndexServer) -> None:
    outcomes = at_once(site, [("install", "-i", index.index_url, f"{name}==1.0") for name in NAMES])
    assert [each.text for each in outcomes if each.code != 0] == []
    assert site.environment.distributions() == sorted(f"{name}-1.0" for name in NAMES)
    assert all(each.stderr == "" for each in outcomes)


def test_two_versions_at_once_end_with_one_of_them(site: Site, index: IndexServer) -> None:
    lines: list[tuple[str, ...]] = [
        ("install", "-i", index.index_url, f"{name}=={version}") for name in NAMES[:2] for version in ("1.0", "2.0")
    ]
    lines.append(("uninstall", "-y", "one"))
    for _ in range(2):
        outcomes = at_once(site, lines)
        assert [each.text for each in outcomes if each.code != 0] == []
        found = site.environment.distributions()
        assert len({each.partition("-")[0] for each in found}) == len(found), found
        checked = site.asyncpip(
            "install", "-i", index.index_url, *(each.replace("-", "==") for each in found), "--verify"
        )
        assert checked.code == 0, checked.text
        for each in found:
            name, _, version = each.partition("-")
            modules = {path.name for path in (site.environment.site_packages / name).glob("[0-9]*.py")}
            assert modules == {f"{version}.py"}
    assert not [path for path in site.environment.site_packages.iterdir() if path.name.startswith(".asyncpip")]


@pytest.mark.parametrize("option", [("--target", "new/place"), ("--prefix", "new/prefix")], ids=["target", "prefix"])
def test_a_place_that_does_not_exist_yet(site: Site, index: IndexServer, option: tuple[str, str]) -> None:
    """Each run would make it: one does, the others wait for that one."""
    lines = [("install", "-i", index.index_url, *option, f"{name}==1.0") for name in NAMES]
    outcomes = at_once(site, lines)
    assert [each.text for each in outcomes if each.code != 0] == []
    (place,) = {path.parent for path in (site.work / "new").rglob("*.dist-info")}
    assert distributions_in(place) == sorted(f"{name}-1.0" for name in NAMES)
    assert not [path for path in place.iterdir() if path.name.startswith(".asyncpip")]


def test_the_same_into_a_new_target_twice(site: Site, index: IndexServer) -> None:
    """The second sees what the first has put there, and leaves it."""
    line = ("install", "-i", index.index_url, "--target", "new", "one==1.0")
    outcomes = at_once(site, [line, line, line])
    assert [each.code for each in outcomes] == [0, 0, 0]
    assert sorted("already holds one" in each.stderr for each in outcomes) == [False, True, True]
    assert distributions_in(site.work / "new") == ["one-1.0"]


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_whoever_holds_the_environment_is_waited_for(site: Site, index: IndexServer, command: str) -> None:
    assert site.install("-i", index.index_url, "one==1.0").code == 0
    before = site.tree()
    line = (command, "one==2.0", "-i", index.index_url) if command == "install" else (command, "-y", "one")
    home = os.path.realpath(site.environment.site_packages)
    with lock_environment(home, timeout_seconds=5, on_wait=lambda: None):
        outcome = site.asyncpip(*line, "--lock-timeout", "0.3")
        assert outcome.code == 1, outcome.text
        assert f"Waiting for another process that is changing {home}" in outcome.stdout + outcome.stderr
        assert "--lock-timeout" in outcome.stderr
        assert "Traceback" not in outcome.stderr
        assert site.tree() == before
        waiting = site.start(*line[1:], command=command)
        told = waiting.stdout.readline() if waiting.stdout is not None else ""
        assert told.startswith("Waiting for another process")
        assert waiting.poll() is None
    out, err = waiting.communicate(timeout=20)
    assert (waiting.returncode, err) == (0, ""), out
    assert site.environment.distributions() == (["one-2.0"] if command == "install" else [])


def test_looking_does_not_wait(site: Site, index: IndexServer) -> None:
    assert site.install("-i", index.index_url, "one==1.0").code == 0
    with lock_environment(os.path.realpath(site.environment.site_packages), timeout_seconds=5, on_wait=lambda: None):
        for line in (
            ("list",),
            ("freeze",),
            ("check",),
            ("show", "one"),
            ("install", "--dry-run", "--no-index", "one"),
        ):
            outcome = site.asyncpip(*line)
            assert (outcome.code, outcome.stderr) == (0, ""), outcome.text


def test_the_lock_ends_with_the_process(site: Site, index: IndexServer) -> None:
    """Also where its children live on for a moment, or it was killed."""
    home = os.path.realpath(site.environment.site_packages)
    holding = "import sys, time, os\nfrom asyncpip.environment.lock import lock_environment\n"
    holding += "with lock_environment(sys.argv[1], timeout_seconds=5, on_wait=lambda: None):\n"
    holding += "    print('held', flush=True)\n    time.sleep(60)\n"
    holder = subprocess.Popen([sys.executable, "-c", holding, home], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()
    outcome = site.install("-i", index.index_url, "one==1.0", "--lock-timeout", "0.3")
    assert outcome.code == 0, outcome.text


def test_what_dead_runs_have_left_in_the_store_is_swept(site: Site, index: IndexServer) -> None:
    """After an hour, by the next run that installs; what a living process stages, and what is young, stays."""
    assert site.install("-i", index.index_url, "one==1.0").code == 0
    staged = site.cache / "asyncpip" / "tmp"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    old, long_ago = (2 * 3600, 4 * 86400)
    cases = {
        f"{dead.pid}-aaaa-1": (old, False),
        f"{dead.pid}-bbbb-2": (60, True),
        f"{os.getpid()}-cccc-3": (old, True),
        f"{os.getpid()}-dddd-4": (long_ago, False),
    }
    now = staged.stat().st_mtime
    for number, (name, (age, _)) in enumerate(cases.items()):
        path = staged / name
        if number % 2:
            path.write_bytes(b"part")
        else:
            path.mkdir()
            (path / "0").write_bytes(b"part")
        os.utime(path, (now - age, now - age))
    assert site.install("-i", index.index_url, "two==1.0").code == 0
    assert set(site.store_leftovers()) == {name for name, (_, stays) in cases.items() if stays}
