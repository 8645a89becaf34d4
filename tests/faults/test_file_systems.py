"""Disks that are full at any point, file systems that are read-only or others, directories that nobody may write to."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import Site
from tests.support.environments import REPOSITORY, Outcome, read_tree
from tests.support.mounts import Mounts, can_mount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.environments import Environment, Tree
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

needs_mounts = pytest.mark.skipif(not can_mount(), reason="this user may not mount")
NOBODY = 65534


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        files = {f"demo/f{number}.py": f"X = {number}\n" * 400 for number in range(12)}
        extra = {"demo-" + version + ".data/data/share/demo.txt": version, "demo/version.py": version}
        index_server.add_wheel(
            "demo", version, files=files | extra, entry_points={"console_scripts": ["demo = demo:main"]}
        )
    return index_server


class Room:
    """A site in which commands see mounts of their own."""

    def __init__(self, site: Site, mounts: Mounts) -> None:
        self.site = site
        self.mounts = mounts

    def __call__(self, command: str, *arguments: str, before: Sequence[str] = ()) -> Outcome:
        place = str(self.site.environment.directory)
        return run_as([*self.mounts.enter(self.site.work), *before], self.site, command, *arguments, "--python", place)

    def tree(self) -> Tree:
        return read_tree(self.mounts.inside(self.site.environment.directory))


def run_as(before: Sequence[str], site: Site, *arguments: str) -> Outcome:
    """Run a command line with another program before it."""
    environ = site.environ(
        {"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(site.cache), "PYTHONDONTWRITEBYTECODE": "1"}
    )
    done = subprocess.run(
        [*before, sys.executable, "-m", "asyncpip", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=site.work,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def room(site: Site) -> Iterator[Room]:
    with Mounts() as mounts:
        yield Room(site, mounts)


@needs_mounts
def test_a_target_that_gets_full_at_any_point(room: Room, index: IndexServer) -> None:
    """An upgrade into a file system of its own, with more room each time, until it fits."""
    site = room.site
    assert site.install("-i", index.index_url, "demo==1.0").code == 0
    room.mounts.mount_memory(site.environment.directory, size="1m")
    packages = room.mounts.inside(site.environment.site_packages)
    filler = packages / "filler"
    failed = 0
    for free_pages in range(0, 60, 4):
        filler.unlink(missing_ok=True)
        free = os.statvfs(packages)
        filler.write_bytes(bytes(max(0, free.f_bavail - free_pages) * free.f_frsize))
        before = room.tree()
        outcome = room("install", "-i", index.index_url, "demo==2.0", "--compile")
        if outcome.code == 0:
            break
        failed += 1
        assert outcome.code == 1, outcome.text
        assert "No space left on device" in outcome.stderr, outcome.text
        assert "Traceback" not in outcome.stderr, outcome.text
        assert room.tree() == before, outcome.text
    else:
        pytest.fail("it never fitted")
    assert failed > 4
    assert "hint: Free some space" in outcome.stderr or outcome.code == 0
    assert (packages / "demo" / "version.py").read_text() == "2.0"
    assert room("uninstall", "-y", "demo").code == 0
    assert {path.name for path in packages.iterdir()} == {"filler"}


@needs_mounts
def test_an_uninstall_needs_no_room(room: Room, index: IndexServer) -> None:
    """But a block for its journal: without it nothing changes."""
    site = room.site
    assert site.install("-i", index.index_url, "demo==1.0").code == 0
    room.mounts.mount_memory(site.environment.directory, size="1m")
    packages = room.mounts.inside(site.environment.site_packages)
    codes = []
    for free_pages in (0, 3):
        free = os.statvfs(packages)
        filler = packages / f"filler{free_pages}"
        (packages / "filler0").unlink(missing_ok=True)
        free = os.statvfs(packages)
        filler.write_bytes(bytes((free.f_bavail - free_pages) * free.f_frsize))
        before = room.tree()
        outcome = room("uninstall", "-y", "demo")
        codes.append(outcome.code)
        assert "Traceback" not in outcome.stderr, outcome.text
        if outcome.code:
            assert room.tree() == before, outcome.text
    assert codes == [1, 0]


@needs_mounts
@pytest.mark.parametrize("size", ["16k", "32k", "64k"])
def test_a_cache_that_is_full_costs_a_warning(room: Room, index: IndexServer, size: str) -> None:
    site = room.site
    site.cache.mkdir()
    room.mounts.mount_memory(site.cache, size=size)
    outcome = room("install", "-i", index.index_url, "demo==2.0")
    assert outcome.code == 0, outcome.text
    assert "WARNING: The cache cannot be used, this run goes on without it: " in outcome.stderr, outcome.text
    assert "No space left on device" in outcome.stderr
    assert site.environment.distributions() == ["demo-2.0"]
    assert not [path for path in site.environment.site_packages.iterdir() if path.name.startswith(".asyncpip")]
    staged = room.mounts.inside(site.cache) / "asyncpip" / "tmp"
    assert not staged.exists() or list(staged.iterdir()) == []
    room.mounts.resize(site.cache, size="4m")
    again = room("install", "-i", index.index_url, "demo==1.0")
    assert (again.code, again.stderr) == (0, ""), again.text


@needs_mounts
@pytest.mark.parametrize(("command", "size"), [("download", "16k"), ("wheel", "16k"), ("wheel", "64k")])
def test_a_cache_that_is_full_is_not_needed_for_archives(
    room: Room, index: IndexServer, command: str, size: str
) -> None:
    site = room.site
    index.add_wheel("big", "1.0", files={"big/noise.bin": random.Random(1).randbytes(90_000)})  # noqa: S311 - noise
    site.cache.mkdir()
    room.mounts.mount_memory(site.cache, size=size)
    outcome = room(
        command, "-i", index.index_url, "big", "demo", *(["-w", "out"] if command == "wheel" else ["-d", "out"])
    )
    assert outcome.code == 0, outcome.text
    assert "WARNING: The cache cannot be used, this run goes on without it: " in outcome.stderr, outcome.text
    found = sorted(path.name for path in (site.work / "out").iterdir())
    assert found == ["big-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"]


@needs_mounts
def test_file_systems_that_cannot_be_written_to(room: Room, index: IndexServer) -> None:
    site = room.site
    assert site.install("-i", index.index_url, "demo==1.0").code == 0
    before = room.tree()
    room.mounts.make_read_only(site.cache)
    outcome = room("install", "-i", index.index_url, "demo==2.0")
    assert outcome.code == 0, outcome.text
    assert "The cache has been disabled" in outcome.stderr, outcome.text
    assert room("install", "-i", index.index_url, "demo==1.0").code == 0
    assert room.tree() == before
    room.mounts.make_read_only(site.environment.directory)
    for arguments in (
        ("install", "-i", index.index_url, "demo==2.0"),
        ("install", "-i", index.index_url, "--force-reinstall", "--no-cache-dir", "demo==1.0"),
        ("uninstall", "-y", "demo"),
    ):
        outcome = room(*arguments)
        assert outcome.code == 1, outcome.text
        assert "Read-only file system" in outcome.stderr, outcome.text
        assert f"Could not {arguments[0]} packages due to an OSError" in outcome.stderr, outcome.text
        assert "Traceback" not in outcome.stderr, outcome.text
        assert room.tree() == before
    assert room("install", "-i", index.index_url, "demo").code == 0
    assert "demo==1.0" in room("freeze").stdout


@needs_mounts
def test_a_target_of_several_file_systems(room: Room, index: IndexServer) -> None:
    """The store, site-packages, scripts and data files each on one of its own: copies, and moves that are copies."""
    site = room.site
    reference = site.asyncpip("install", "-i", index.index_url, "demo==2.0", "--target", "reference")
    assert reference.code == 0, reference.text
    assert site.install("-i", index.index_url, "demo==1.0").code == 0
    for part in ("bin", "share"):
        room.mounts.mount_memory(site.environment.directory / part, size="4m")
    before = room.tree()
    obstacle = room.mounts.inside(site.environment.site_packages) / "demo" / "version.py"
    assert obstacle.exists()
    for arguments in (
        ("install", "-i", index.index_url, "demo==2.0"),
        ("install", "-i", index.index_url, "demo==1.0", "--force-reinstall", "--link-mode", "hardlink"),
    ):
        outcome = room(*arguments)
        assert (outcome.code, outcome.stderr) == (0, ""), outcome.text
    assert room.tree() == before
    assert room("uninstall", "-y", "demo").code == 0
    left = {path for path, entry in room.tree().items() if entry.content is not None}
    assert not [path for path in left if "demo" in path]


@needs_mounts
def test_what_lies_in_the_layer_below(room: Room, index: IndexServer) -> None:
    """As in a container image: directories of a layer below cannot be renamed, and their files are copied up."""
    site = room.site
    index.add_wheel("other", "1.0", files={"other/sub/a.py": "", "other/b.py": ""})
    assert site.install("-i", index.index_url, "demo==1.0").code == 0
    with_demo = site.tree()
    assert site.install("-i", index.index_url, "other").code == 0
    if not room.mounts.mount_overlay(site.environment.directory):
        pytest.skip("no overlays here")
    packages = room.mounts.inside(site.environment.site_packages)
    with pytest.raises(OSError, match="link"):
        os.rename(packages / "other", packages / "renamed")
    outcome = room("uninstall", "-y", "other")
    assert (outcome.code, outcome.stderr) == (0, ""), outcome.text
    assert room.tree() == with_demo
    assert room("install", "-i", index.index_url, "demo==2.0").code == 0
    assert room("uninstall", "-y", "demo").code == 0
    assert os.listdir(packages) == []


# --- names and permissions


def test_names_that_are_too_long(site: Site, index: IndexServer) -> None:
    index.add_wheel("long", "1.0", files={"long/" + "x" * 300 + ".py": ""})
    index.add_wheel("deep", "1.0", files={"/".join(["d" * 200] * 25) + "/x.py": ""})
    before = site.tree()
    for name in ("long", "deep"):
        for more in ((), ("--no-cache-dir",), ("--link-mode", "copy")):
            outcome = site.install("-i", index.index_url, name, *more)
            assert outcome.code == 1, outcome.text
            assert "File name too long" in outcome.stderr, outcome.text
            assert "hint: Install into a directory with a shorter path." in outcome.stderr, outcome.text
            assert site.tree() == before, outcome.text
            assert site.store_leftovers() == []


def test_a_target_with_a_long_path(site: Site, index: IndexServer) -> None:
    """As long as the system takes, and a little longer."""
    below = site.work / "t"
    while len(str(below)) < 3840:
        below /= "d" * 100
    fits = below / ("e" * (4080 - len(str(below)) - 1))
    outcome = site.asyncpip("install", "-i", index.index_url, "--target", str(fits), "demo==2.0")
    assert outcome.code == 1, outcome.text
    assert "File name too long" in outcome.stderr, outcome.text
    assert "Traceback" not in outcome.stderr
    assert not (site.work / "t").exists()
    fitting = fits.parent
    outcome = site.asyncpip("install", "-i", index.index_url, "--target", str(fitting), "demo==2.0")
    assert outcome.code == 0, outcome.text
    assert (fitting / "demo" / "version.py").read_text() == "2.0"


@pytest.fixture
def owned(template: Environment) -> Iterator[Site]:
    """A site of a user without privileges, where others can get to."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("needs to become another user")
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        site = Site(Path(place, "place"), template)
        site.cache.mkdir()
        if os.geteuid() == 0:
            for base, directories, files in os.walk(place):
                for name in (*directories, *files, "."):
                    os.chown(os.path.join(base, name), NOBODY, NOBODY, follow_symlinks=False)
        yield site


def unprivileged(site: Site, *arguments: str) -> Outcome:
    """Run a command line as a user who can read everything, but write only to what is its own."""
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        before += ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
    return run_as(before, site, *arguments, "--python", str(site.environment.directory))


@pytest.mark.parametrize("part", ["lib/PYTHON/site-packages", "bin", "share", "lib/PYTHON/site-packages/demo"])
def test_a_part_that_may_not_be_written_to(owned: Site, index: IndexServer, part: str) -> None:
    assert unprivileged(owned, "install", "-i", index.index_url, "demo==1.0").code == 0
    place = owned.environment.directory / part.replace("PYTHON", owned.environment.site_packages.parent.name)
    place.chmod(0o555)
    before = owned.tree()
    for arguments in (("install", "-i", index.index_url, "demo==2.0"), ("uninstall", "-y", "demo")):
        outcome = unprivileged(owned, *arguments)
        assert outcome.code == 1, outcome.text
        assert "Permission denied" in outcome.stderr, outcome.text
        assert "Traceback" not in outcome.stderr, outcome.text
        assert owned.tree() == before, outcome.text
    place.chmod(0o755)
    assert unprivileged(owned, "install", "-i", index.index_url, "demo==2.0").code == 0
    assert owned.environment.distributions() == ["demo-2.0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_a_cache_of_somebody_else(owned: Site, index: IndexServer) -> None:
    """Neither side uses the other's, nor leaves anything in it; also where root only made a folder in it."""
    assert unprivileged(owned, "install", "-i", index.index_url, "demo==1.0").code == 0
    theirs = read_tree(owned.cache)
    root = owned.install("-i", index.index_url, "demo==2.0")
    assert root.code == 0, root.text
    assert "The cache has been disabled" in root.stderr
    assert read_tree(owned.cache) == theirs
    assert {path.lstat().st_uid for path in owned.cache.rglob("*")} == {NOBODY}
    for base, directories, files in os.walk(owned.environment.directory):
        for name in (*directories, *files):
            os.chown(os.path.join(base, name), NOBODY, NOBODY, follow_symlinks=False)
    for base, directories, files in os.walk(owned.cache / "asyncpip"):
        for name in (".", *directories, *files):
            os.chown(os.path.join(base, name), 0, 0)
    user = unprivileged(owned, "install", "-i", index.index_url, "demo==1.0")
    assert user.code == 0, user.text
    assert "The cache has been disabled" in user.stderr, user.text
    assert owned.environment.distributions() == ["demo-1.0"]
