"""A store in which something was flipped, cut, emptied or deleted: what is installed from it is right all the same."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import Entry
from tests.support.forked_commands import ForkedCommands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.conftest import Site
    from tests.support.environments import Outcome, Tree
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults


class Place:
    """A filled store, an environment, and how to put both back."""

    def __init__(self, site: Site, index: IndexServer, run: ForkedCommands) -> None:
        self.site = site
        self._run = run
        self.store = site.cache / "asyncpip"
        self._saved_store = site.directory / "saved-store"
        self._saved_environment = site.directory / "saved-env"
        self._options = ["--python", str(site.environment.directory), "-i", index.index_url, "app", "leaf"]
        shutil.copytree(site.environment.directory, self._saved_environment, symlinks=True)
        self._right: list[Tree] = []
        for options in ((), ("--compile",), (), ("--compile",)):  # what is asked twice is remembered
            self.restore(store=False)
            outcome = self.install(*options)
            assert outcome.code == 0, outcome.text
            self._right.append(self._found())
        assert self._right[:2] == self._right[2:]
        shutil.copytree(self.store, self._saved_store)

    def check_installed(self, about: str, *, compiled: bool = False) -> None:
        """Check that all is there that should be, byte for byte."""
        assert self._found() == self._right[compiled], about

    def _found(self) -> Tree:
        """Return the environment; of bytecode without its header, which has the time of the source."""
        return {
            path: Entry(entry.mode, entry.content[16:])
            if path.endswith(".pyc") and isinstance(entry.content, bytes)
            else entry
            for path, entry in self.site.tree().items()
        }

    def install(self, *options: str) -> Outcome:
        return self._run("install", *self._options, *options)

    def command(self, *arguments: str) -> Outcome:
        return self._run(*arguments)

    def restore(self, *, store: bool = True) -> None:
        shutil.rmtree(self.site.environment.directory)
        shutil.copytree(self._saved_environment, self.site.environment.directory, symlinks=True)
        if store:
            shutil.rmtree(self.store)
            shutil.copytree(self._saved_store, self.store)

    def paths(self, *, directories: bool = False) -> list[str]:
        """Return all files, or all directories, of the store as it was, relative to it."""
        return sorted(
            os.path.relpath(os.path.join(base, name), self._saved_store)
            for base, below, files in os.walk(self._saved_store)
            for name in (below if directories else files)
        )


@pytest.fixture
def place(site: Site, index_server: IndexServer) -> Iterator[Place]:
    files = {"app/__init__.py": "X = 1\n", "app/data.bin": bytes(range(200)), "app-1.0.data/data/share/app.txt": "text"}
    index_server.add_wheel(
        "app", "1.0", files=files, requires=["leaf"], entry_points={"console_scripts": ["app = app:main"]}
    )
    index_server.add_wheel("leaf", "1.0", files={"leaf.py": "Y = 2\n"})
    environ = site.environ({"PIP_CACHE_DIR": str(site.cache)})
    with ForkedCommands(cwd=site.work, environ=environ) as run:
        yield Place(site, index_server, run)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes() or b"x")
    position = random.Random(str(path.name)).randrange(len(data))  # noqa: S311 - any place
    data[position] ^= 0x10
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def make_longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0more")


def delete(path: Path) -> None:
    path.unlink()


def replace_by_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [flip, cut, empty, make_longer, delete, replace_by_a_directory])
def test_every_file(place: Place, damage: Callable[[Path], None]) -> None:
    """Of the store, one after another."""
    paths = place.paths()
    assert len(paths) > 20
    for number, path in enumerate(paths):
        place.restore()
        damage(place.store / path)
        compiles = bool(number % 2) or "bytecode" in path
        outcome = place.install("--compile") if compiles else place.install()
        assert (outcome.code, "Traceback" in outcome.text) == (0, False), f"{path}: {outcome.text}"
        place.check_installed(path, compiled=compiles)
        assert place.site.store_leftovers() == [], path


def test_every_directory_emptied(place: Place) -> None:
    for path in place.paths(directories=True):
        place.restore()
        shutil.rmtree(place.store / path)
        (place.store / path).mkdir()
        outcome = place.install()
        assert (outcome.code, "Traceback" in outcome.text) == (0, False), f"{path}: {outcome.text}"
        place.check_installed(path)


def test_bits_that_flip_by_themselves(place: Place) -> None:
    """With the time left as it was nothing cheap notices, but `--verify` and `cache verify` do; records have seals."""
    noticed = 0
    for path in place.paths():
        place.restore()
        file = place.store / path
        stamp = file.stat()
        if stamp.st_size == 0:
            continue
        flip(file)
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        compiles = "bytecode" in path
        outcome = place.install("--verify", *(["--compile"] if compiles else []))
        assert "Traceback" not in outcome.text, f"{path}: {outcome.text}"
        if outcome.code == 0:
            place.check_installed(path, compiled=compiles)
            continue
        noticed += 1
        assert path.startswith("trees-"), path
        assert file.name.isdecimal(), path
        assert not compiles, path
        assert "--verify: " in outcome.stderr, path
        checked = place.command("cache", "verify")
        assert "1 damaged" in checked.stdout, f"{path}: {checked.text}"
        place.restore(store=False)
        repaired = place.install("--verify")
        assert repaired.code == 0, f"{path}: {repaired.text}"
        place.check_installed(path)
    assert noticed > 5


def test_an_edit_through_a_hard_link(place: Place) -> None:
    """In one environment; another gets what the wheel holds."""
    packages = place.site.environment.site_packages
    for name in ("app/__init__.py", "app/data.bin", "leaf.py", "app-1.0.dist-info/METADATA"):
        place.restore()
        assert place.install().code == 0
        before = (packages / name).read_bytes()
        with (packages / name).open("r+b") as file:
            file.write(b"E")
        assert (packages / name).read_bytes() != before
        place.restore(store=False)
        outcome = place.install()
        assert outcome.code == 0, outcome.text
        place.check_installed(name)


def test_records_of_other_releases(place: Place) -> None:
    """Buckets of other formats are left alone; a record of another format under our name is a miss."""
    place.restore()
    records = [path for path in place.paths() if not path.startswith(("trees-", "archives-"))]
    for path in records:
        bucket, _, rest = path.partition(os.sep)
        stem = bucket.rpartition("-v")[0]
        for version in ("v0", "v99"):
            foreign = place.store / f"{stem}-{version}" / rest
            foreign.parent.mkdir(parents=True, exist_ok=True)
            foreign.write_bytes(b"a format that nobody here knows")
        file = place.store / path
        file.write_bytes(file.read_bytes()[:-8])  # as before records had seals
    outcome = place.install()
    assert outcome.code == 0, outcome.text
    place.check_installed("records")
    for path in records:
        bucket, _, rest = path.partition(os.sep)
        foreign = place.store / f"{bucket.rpartition('-v')[0]}-v99" / rest
        assert foreign.read_bytes() == b"a format that nobody here knows"
