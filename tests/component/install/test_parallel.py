"""Many short system calls in several processes: each once, the first error, and an end to all of them."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import InstallError
from asyncpip.install.parallel import Background, _run_in_processes, run_parallel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are for Linux")


def no_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


@pytest.mark.parametrize("jobs", [1, 2, 4])
@pytest.mark.parametrize("count", [1, 16, 500])
def test_each_item_once(tmp_path: Path, jobs: int, count: int) -> None:
    def make(number: int) -> None:
        os.close(os.open(tmp_path / str(number), os.O_CREAT | os.O_EXCL))

    _run_in_processes(make, range(count), jobs)
    assert len(os.listdir(tmp_path)) == count
    assert no_children()


@pytest.mark.parametrize(("jobs", "count"), [(1, 50), (2, 5), (2, 50)])
def test_what_is_done_meanwhile_is_done_once_and_here(tmp_path: Path, jobs: int, count: int) -> None:
    done_by: list[int] = []
    run_parallel(
        lambda number: os.close(os.open(tmp_path / str(number), os.O_CREAT | os.O_EXCL)),
        range(count),
        jobs=jobs,
        meanwhile=lambda: done_by.append(os.getpid()),
    )
    assert done_by == [os.getpid()]
    assert len(os.listdir(tmp_path)) == count


@pytest.mark.parametrize("possible", [0, 1])
def test_fewer_processes_than_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, possible: int) -> None:
    """Where this user may have no more, the caller does what they would have done; no descriptor is left."""
    fork, forks = os.fork, iter(range(possible))

    def limited() -> int:
        if next(forks, None) is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return fork()

    def make(number: int) -> None:
        os.close(os.open(tmp_path / str(number), os.O_CREAT | os.O_EXCL))

    monkeypatch.setattr(os, "fork", limited)
    before = len(os.listdir("/proc/self/fd"))
    _run_in_processes(make, range(100), 4)
    assert len(os.listdir(tmp_path)) == 100
    assert len(os.listdir("/proc/self/fd")) == before
    assert no_children()


def test_signals_that_the_caller_holds_back_stay_so() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        _run_in_processes(lambda _: None, range(100), 2)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before | {signal.SIGHUP}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.parametrize("count", [0, 1, 100])
def test_either_way(tmp_path: Path, count: int) -> None:
    def make(number: int) -> None:
        os.close(os.open(tmp_path / str(number), os.O_CREAT | os.O_EXCL))

    run_parallel(make, range(count), jobs=4)
    assert len(os.listdir(tmp_path)) == count


@pytest.mark.parametrize("here", [True, False], ids=["in the parent", "in a child"])
def test_an_error_ends_the_rest(tmp_path: Path, here: bool) -> None:
    parent = os.getpid()

    def fail(number: int) -> None:
        if (os.getpid() == parent) == here:
            raise OSError(errno.ENOSPC, "full", "/x")
        time.sleep(0.002)
        (tmp_path / str(number)).touch()

    with pytest.raises(OSError, match="full") as caught:
        _run_in_processes(fail, range(2000), 2)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/x")
    assert len(os.listdir(tmp_path)) < 500
    assert no_children()


def test_an_error_that_is_none_of_the_disk_s() -> None:
    parent = os.getpid()

    def fail(_: int) -> None:
        if os.getpid() != parent:
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "odd")
        time.sleep(0.01)

    with pytest.raises(InstallError) as caught:
        _run_in_processes(fail, range(50), 2)
    assert "UnicodeEncodeError" in str(caught.value.why)
    assert no_children()


def test_a_child_that_is_killed() -> None:
    parent = os.getpid()

    def die(_: int) -> None:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)

    with pytest.raises(InstallError, match="failed"):
        _run_in_processes(die, range(50), 2)
    assert no_children()


def test_an_interrupt_waits_for_the_children(tmp_path: Path) -> None:
    """Else they would go on writing while the transaction is being undone."""
    parent = os.getpid()

    def work(_: int) -> None:
        if os.getpid() == parent:
            time.sleep(0.05)  # for the child to take one
            return
        time.sleep(0.1)  # now the parent has nothing left to do
        os.kill(parent, signal.SIGINT)
        time.sleep(0.1)
        (tmp_path / "written").touch()

    with pytest.raises(KeyboardInterrupt):
        _run_in_processes(work, range(2), 2)
    assert (tmp_path / "written").exists()
    assert no_children()


@pytest.mark.parametrize("count", [0, 3, 300])
@pytest.mark.parametrize("waits", [True, False])
def test_in_the_background_each_item_is_looked_at_once(tmp_path: Path, count: int, waits: bool) -> None:
    def look(number: int) -> None:
        os.close(os.open(tmp_path / str(number), os.O_CREAT | os.O_EXCL))

    looking = Background(look, range(count))
    while waits and count == 300 and len(os.listdir(tmp_path)) < count:
        time.sleep(0.001)  # the child alone
    looking.finish()
    assert len(os.listdir(tmp_path)) == count
    assert no_children()


@pytest.mark.parametrize("bad", [0, 299])
def test_what_is_found_in_the_background_is_raised_at_the_end(bad: int) -> None:
    def look(number: int) -> None:
        if number == bad:
            raise OSError(errno.EILSEQ, "changed", "/x")

    looking = Background(look, range(300))
    with pytest.raises(OSError, match="changed"):
        looking.finish()
    assert no_children()


@pytest.mark.parametrize("count", [0, 3, 2000])
def test_what_is_abandoned_ends(count: int) -> None:
    before = len(os.listdir("/proc/self/fd"))
    looking = Background(lambda _: time.sleep(0.001), range(count))
    looking.abandon()
    assert no_children()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("count", [0, 1, 100])
def test_meanwhile_the_caller_does_something_else(tmp_path: Path, count: int) -> None:
    done: list[int] = []

    def wait_for_the_others() -> None:
        while count == 100 and len(os.listdir(tmp_path)) < count:
            time.sleep(0.001)  # the children alone
        done.append(1)

    run_parallel(lambda number: (tmp_path / str(number)).touch(), range(count), jobs=4, meanwhile=wait_for_the_others)
    assert done == [1]
    assert len(os.listdir(tmp_path)) == count


def test_what_fails_meanwhile_ends_the_rest(tmp_path: Path) -> None:
    def make(number: int) -> None:
        time.sleep(0.001)
        (tmp_path / str(number)).touch()

    def fail() -> None:
        raise OSError(errno.ENOSPC, "full", "/x")

    with pytest.raises(OSError, match="full"):
        run_parallel(make, range(2000), jobs=2, meanwhile=fail)
    assert len(os.listdir(tmp_path)) < 1000
    assert no_children()
