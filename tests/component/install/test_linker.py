"""Stored files into directories."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import InstallError
from asyncpip.install.failure import install_error
from asyncpip.install.in_threads import run_in_threads
from asyncpip.install.linker import (
    CLONE,
    COPY,
    HARDLINK,
    LINK_MODES,
    MOVE,
    SYMLINK,
    choose_link_mode,
    link_files,
    place_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 600
"""More than two chunks."""
SHM = "/dev/shm"  # noqa: S108 - another file system than the temporary directory, where there is one


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def make_tree(folder: Path, count: int = COUNT) -> str:
    folder.mkdir()
    for index in range(count):
        (folder / str(index)).write_bytes(b"%d" % index)
    os.chmod(folder / "0", 0o755)  # noqa: S103 - an executable
    return str(folder)


@pytest.mark.parametrize("mode", [*LINK_MODES, MOVE])
@pytest.mark.parametrize("jobs", [1, 4])
def test_every_way(tmp_path: Path, mode: str, jobs: int) -> None:
    tree = make_tree(tmp_path / "tree")
    (tmp_path / "to" / "sub").mkdir(parents=True)
    paths = [f"sub/f{index}" if index % 2 else f"f{index}" for index in range(COUNT)]
    link_files(
        [(tree, str(tmp_path / "to"), paths[:250], 0), (tree, str(tmp_path / "to"), paths[250:], 250)],
        mode=mode,
        jobs=jobs,
    )
    made = [tmp_path / "to" / path for path in paths]
    assert [path.read_bytes() for path in made] == [b"%d" % index for index in range(COUNT)]
    assert made[0].stat().st_mode & 0o777 == 0o755
    assert made[1].stat().st_mode & 0o777 == 0o644
    if mode == MOVE:
        assert os.listdir(tree) == []
        return
    same = [os.path.samefile(path, os.path.join(tree, str(index))) for index, path in enumerate(made)]
    assert all(same) if mode in (HARDLINK, SYMLINK) else not any(same)
    assert made[3].is_symlink() == (mode == SYMLINK)


@pytest.mark.parametrize("mode", [COPY, CLONE])
def test_copies_keep_execute_bits_whatever_the_umask(tmp_path: Path, mode: str) -> None:
    os.umask(0o077)
    tree = make_tree(tmp_path / "tree", 2)
    os.chmod(tmp_path / "tree" / "0", 0o711)  # noqa: S103 - what an executable of a wheel gets with this umask
    link_files([(tree, str(tmp_path), ["x", "y"], 0)], mode=mode, jobs=1)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o711
    assert (tmp_path / "y").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [*LINK_MODES, MOVE])
def test_nothing_is_overwritten(tmp_path: Path, mode: str) -> None:
    tree = make_tree(tmp_path / "tree", 3)
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "b").mkdir()
    with pytest.raises(OSError, match=r"xists|directory") as caught:
        link_files([(tree, str(tmp_path / "to"), ["a", "b", "c"], 0)], mode=mode, jobs=2)
    assert caught.value.errno in (errno.EEXIST, errno.EISDIR)


@pytest.mark.parametrize("mode", [HARDLINK, CLONE, MOVE])
def test_another_file_system(tmp_path: Path, mode: str) -> None:
    if not os.path.isdir(SHM) or os.stat(SHM).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("needs a second file system")
    tree = make_tree(tmp_path / "tree", 3)
    place = os.path.join(SHM, f"asyncpip-test-{os.getpid()}-{tmp_path.name}")
    os.mkdir(place)
    try:
        link_files([(tree, place, ["a", "b"], 0)], mode=mode, jobs=1)
        place_file(os.path.join(tree, "2"), os.path.join(place, "c"), mode=mode)
        assert sorted(os.listdir(place)) == ["a", "b", "c"]
        assert os.stat(os.path.join(place, "a")).st_mode & 0o777 == 0o755
        assert choose_link_mode(None, tree, place, store_is_temporary=False) == CLONE
    finally:
        for name in os.listdir(place):
            os.unlink(os.path.join(place, name))
        os.rmdir(place)


def test_which_way_is_taken(tmp_path: Path) -> None:
    here = str(tmp_path)
    assert choose_link_mode(None, here, here, store_is_temporary=False) == HARDLINK
    assert choose_link_mode(None, here + "/missing", here, store_is_temporary=False) == CLONE
    assert choose_link_mode(COPY, here, here, store_is_temporary=False) == COPY
    assert choose_link_mode(COPY, here, here, store_is_temporary=True) == MOVE


# --- threads


@pytest.mark.parametrize("jobs", [1, 3, 100])
def test_each_item_once(jobs: int) -> None:
    done: list[int] = []
    run_in_threads(done.append, range(50), jobs=jobs)
    assert sorted(done) == list(range(50))
    run_in_threads(done.append, [], jobs=jobs)


def test_the_first_error_ends_the_rest_and_leaves_no_thread() -> None:
    before = threading.active_count()
    done: list[int] = []

    def action(item: int) -> None:
        if item == 3:
            raise OSError(errno.ENOSPC, "full")
        time.sleep(0.002)
        done.append(item)

    with pytest.raises(OSError, match="full"):
        run_in_threads(action, range(1000), jobs=4)
    assert len(done) < 50
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to threads")
def test_an_interrupt_waits_for_the_threads() -> None:
    """Else they would go on writing while the transaction is being undone."""
    before = threading.active_count()
    main = threading.main_thread()
    finished: list[str] = []

    def action(item: int) -> None:
        if threading.current_thread() is main:
            return  # has nothing left to do and waits for the others
        if not finished:
            finished.append("interrupted")
            time.sleep(0.05)
            signal.pthread_kill(main.ident or 0, signal.SIGINT)
            time.sleep(0.1)
            finished.append("end")
        assert item < 1000

    with pytest.raises(KeyboardInterrupt):
        run_in_threads(action, range(1000), jobs=2)
    assert finished == ["interrupted", "end"]
    assert threading.active_count() == before


# --- errors


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG])
def test_errors_have_hints(number: int) -> None:
    cause = OSError(number, os.strerror(number), "/x/y")
    error = install_error(cause, "the environment is as it was before", removes_only=False)
    assert isinstance(error, InstallError)
    assert os.strerror(number) in error.what
    assert "/x/y" in error.what
    assert error.hint


def test_other_errors_have_none() -> None:
    assert install_error(OSError(errno.EIO, "broken"), "why", removes_only=False).hint is None


def test_errors_say_what_was_done() -> None:
    cause = OSError(errno.EACCES, "Permission denied", "/x/y")
    installing = install_error(cause, "why", removes_only=False)
    removing = install_error(cause, "why", removes_only=True)
    assert installing.what.startswith("Could not install packages due to an OSError: ")
    assert "--user" in str(installing.hint)
    assert removing.what.startswith("Could not uninstall packages due to an OSError: ")
    assert removing.hint
    assert "--user" not in removing.hint
