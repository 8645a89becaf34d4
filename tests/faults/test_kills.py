"""Commands that are killed before every second or third change, and at random: the next command that looks is enough.

Whatever stands in the environment afterwards is what was there before or what was asked for: packages, scripts and data
files, whether below an environment, a `--target`, a `--prefix` or the user's own directory. The next command here is
one that only looks.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.killed_runs import killed_runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer
    from tests.support.killed_runs import Ends

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

LIBRARY = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
BEFORE_THE_JOURNAL = 4
"""Steps that leave a directory which says nothing yet; it is swept without a word."""


@pytest.fixture
def wheels(site: Site, index_server: IndexServer) -> Path:
    """Two versions of a project with a script, data files and headers, and twenty more; all of them in the store."""
    directory = site.directory / "wheels"
    directory.mkdir()
    for version in ("1.0", "2.0"):
        index_server.add_wheel(
            "demo",
            version,
            files={"demo/__init__.py": f"X = {version}\n", f"demo/only_{version[0]}.py": "", "shared/a.py": version},
            data={"data/share/demo/note.txt": f"note {version}", "scripts/demo-tool": "#!python\nprint(1)\n"},
            entry_points={"console_scripts": ["demo = demo:main", f"demo-{version[0]} = demo:main"]},
        )
    for number in range(20):
        index_server.add_wheel(f"p{number}", "1.0", files={f"p{number}/f{count}.py": "" for count in range(9)})
    for served in (file for files in index_server.projects.values() for file in files):
        (directory / served.filename).write_bytes(served.data)
    filled = site.asyncpip("install", "--target", str(site.directory / "filling"), *asked(directory, "demo==1.0", "p0"))
    assert filled.code == 0, filled.text
    more = [f"p{number}" for number in range(20)]
    filled = site.asyncpip("install", "--target", str(site.directory / "filled"), *asked(directory, "demo==2.0", *more))
    assert filled.code == 0, filled.text
    shutil.rmtree(site.directory / "filling")
    shutil.rmtree(site.directory / "filled")
    return directory


def asked(wheels: Path, *requirements: str) -> list[str]:
    return ["--no-index", "--no-deps", "--find-links", str(wheels), *requirements]


def kill(site: Site, arguments: list[str], look: list[str], place: Path, **how: Any) -> Ends:
    environ = site.environ({"PIP_CACHE_DIR": str(site.cache), "PYTHONUSERBASE": str(site.directory / "mine")})
    return killed_runs(arguments, look, place=place, cwd=site.work, environ=environ, **how)


def check(ends: Ends, *, steps: int) -> None:
    wrong = [end for end in ends.ends if end.state == "half" or end.look_code != 0 or "Traceback" in end.look]
    assert wrong == []
    states = ends.states()
    assert states.count("before") >= steps
    assert states == sorted(states, reverse=True)  # before it counts, undone; after that, finished
    told = sum("its changes are undone" in end.look for end in ends.ends)
    assert told >= sum(end.was_changed for end in ends.ends if end.state == "before") - BEFORE_THE_JOURNAL


def in_environment(site: Site) -> list[str]:
    return ["--python", str(site.environment.directory)]


def test_an_install(site: Site, wheels: Path) -> None:
    environment = in_environment(site)
    ends = kill(
        site,
        ["install", *environment, *asked(wheels, "demo==1.0", "p0")],
        ["list", *environment],
        site.environment.directory,
        stride=2,
    )
    check(ends, steps=10)
    assert any("share/demo/note.txt" in end.step for end in ends.ends)
    assert any("bin/demo" in end.step for end in ends.ends)


def test_an_upgrade(site: Site, wheels: Path) -> None:
    environment = in_environment(site)
    assert site.install(*asked(wheels, "demo==1.0")).code == 0
    ends = kill(
        site,
        ["install", *environment, *asked(wheels, "demo==2.0")],
        ["freeze", *environment],
        site.environment.directory,
        stride=2,
    )
    check(ends, steps=15)
    assert "after" in ends.states()


@pytest.mark.usefixtures("wheels")
def test_an_upgrade_that_is_remembered(site: Site, index_server: IndexServer) -> None:
    environment, place = in_environment(site), site.environment.directory
    upgrade = ["install", *environment, "-i", index_server.index_url, "--upgrade", "demo"]
    assert site.install("-i", index_server.index_url, "demo==1.0").code == 0
    saved = place.with_name("saved")
    shutil.copytree(place, saved, symlinks=True)
    assert site.asyncpip(*upgrade).code == 0
    place.rename(place.with_name("upgraded"))
    saved.rename(place)
    index_server.stop()  # what follows asks nobody
    ends = kill(site, upgrade, ["list", *environment], place, stride=3)
    check(ends, steps=10)
    assert "after" in ends.states()


def test_an_upgrade_with_copies(site: Site, wheels: Path) -> None:
    environment = in_environment(site)
    assert site.install(*asked(wheels, "demo==1.0")).code == 0
    ends = kill(
        site,
        ["install", "--link-mode", "copy", *environment, *asked(wheels, "demo==2.0")],
        ["check", *environment],
        site.environment.directory,
        stride=3,
    )
    check(ends, steps=7)


def test_without_a_cache(site: Site, wheels: Path) -> None:
    """Trees are moved out of a store of the run's own, which lies in the target too."""
    environment = in_environment(site)
    ends = kill(
        site,
        ["install", "--no-cache-dir", *environment, *asked(wheels, "demo==1.0")],
        ["list", *environment],
        site.environment.directory,
        stride=3,
    )
    assert {end.state for end in ends.ends} <= {"before", "after"}, [end for end in ends.ends if end.state == "half"]


def test_a_new_target(site: Site, wheels: Path) -> None:
    target = site.work / "new"
    ends = kill(
        site, ["install", "--target", str(target), *asked(wheels, "demo==1.0")], ["list", "--path", str(target)], target
    )
    check(ends, steps=7)


def test_an_upgrade_in_a_target(site: Site, wheels: Path) -> None:
    target = site.work / "old"
    assert site.asyncpip("install", "--target", str(target), *asked(wheels, "demo==1.0")).code == 0
    ends = kill(
        site,
        ["install", "--upgrade", "--target", str(target), *asked(wheels, "demo==2.0")],
        ["list", "--path", str(target)],
        target,
        stride=3,
    )
    check(ends, steps=7)


def test_a_prefix(site: Site, wheels: Path) -> None:
    prefix = site.work / "prefix"
    place = prefix / LIBRARY
    (place / "stranger").mkdir(parents=True)
    (place / "stranger" / "x.py").write_text("")
    ends = kill(
        site,
        ["install", "--prefix", str(prefix), *asked(wheels, "demo==1.0")],
        ["inspect", "--path", str(place)],
        prefix,
        stride=3,
    )
    check(ends, steps=7)


def test_the_users_own(site: Site, wheels: Path) -> None:
    base = ["--python", os.path.realpath(sys.executable)]
    ends = kill(
        site,
        ["install", "--user", "--break-system-packages", *base, *asked(wheels, "demo==1.0")],
        ["list", "--user", *base],
        site.directory / "mine",
        stride=3,
    )
    check(ends, steps=7)


def test_an_uninstall(site: Site, wheels: Path) -> None:
    environment = in_environment(site)
    assert site.install(*asked(wheels, "demo==1.0", "p0")).code == 0
    ends = kill(
        site,
        ["uninstall", "-y", "demo", "p0", *environment],
        ["list", *environment],
        site.environment.directory,
        stride=1,
    )
    check(ends, steps=10)


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_recovery_that_is_killed_too(site: Site, wheels: Path, command: str) -> None:
    """Several times, each a little further on: the one that comes through is enough."""
    environment = in_environment(site)
    assert site.install(*asked(wheels, "demo==1.0")).code == 0
    line = asked(wheels, "demo==2.0") if command == "install" else ["-y", "demo"]
    ends = kill(
        site,
        [command, *environment, *line],
        ["list", *environment],
        site.environment.directory,
        stride=5 if command == "install" else 3,
        disturbances=[1, 2, 4, 7],
    )
    wrong = [end for end in ends.ends if end.state == "half" or end.look_code != 0 or "Traceback" in end.look]
    assert wrong == []
    states = ends.states()
    assert states == sorted(states, reverse=True)
    assert states.count("before") >= 4


@pytest.mark.parametrize(
    ("number", "again_after", "stride"),
    [(signal.SIGINT, 0, 3), (signal.SIGINT, 3, 3), (signal.SIGTERM, 0, 5), (signal.SIGHUP, 2, 8)],
)
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_run_that_is_told_to_stop(
    site: Site, wheels: Path, command: str, number: signal.Signals, again_after: int, stride: int
) -> None:
    """By Ctrl-C, or as service managers do: the run itself puts all back before it ends."""
    environment = in_environment(site)
    assert site.install(*asked(wheels, "demo==1.0")).code == 0
    line = asked(wheels, "demo==2.0", "p0") if command == "install" else ["-y", "demo"]
    ends = kill(
        site,
        [command, *environment, *line],
        ["list", *environment],
        site.environment.directory,
        number=number,
        again_after=again_after,
        stride=stride,
    )
    wrong = [end for end in ends.ends if end.state == "half" or end.look_code != 0 or "Traceback" in end.look]
    assert wrong == []
    assert len(ends.ends) > 20 // stride
    stopped = 1 if number is signal.SIGINT else -number
    wrong = [end for end in ends.ends if end.code not in (0, stopped) or "Traceback" in end.text]
    assert wrong == []
    told = "Operation cancelled by user" if number is signal.SIGINT else f"Operation ended by {number.name}"
    assert [end for end in ends.ends if told not in end.text and end.state == "before"] == []
    if not again_after:
        assert [end for end in ends.ends if end.was_changed] == []


@pytest.mark.parametrize("alone", [False, True], ids=["all of it", "without its children"])
def test_at_random(site: Site, wheels: Path, pytestconfig: pytest.Config, alone: bool) -> None:
    """With all processes that link; `--random-kills` says how often. Who comes next waits for children that live on."""
    environment = in_environment(site)
    names = [f"p{number}" for number in range(20)]
    assert site.install(*asked(wheels, "demo==1.0")).code == 0
    count: int = pytestconfig.getoption("random_kills")
    ends = kill(
        site,
        ["install", "--jobs", "4", *environment, *asked(wheels, "demo==2.0", *names)],
        ["uninstall", "-y", "missing", *environment] if alone else ["list", *environment],
        site.environment.directory,
        random_kills=count,
        seed=count,
        alone=alone,
    )
    wrong = [end for end in ends.ends if end.state == "half" or end.look_code != 0]
    assert wrong == []
    assert len(ends.ends) == count
