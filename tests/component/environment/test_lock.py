from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from asyncpip.environment.lock import _try_lock_file, lock_environment
from asyncpip.errors import EnvironmentBusyError, TargetEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys
from asyncpip.environment.lock import lock_environment
with lock_environment(sys.argv[1], timeout_seconds=10, on_wait=lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def never() -> None:
    pytest.fail("waited for a lock that was free")


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that holds the lock of ``tmp_path`` until its stdin ends."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        yield child
        child.kill()


def test_lock_leaves_nothing_and_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with lock_environment(str(tmp_path), timeout_seconds=0, on_wait=never):
            pass
    assert list(tmp_path.iterdir()) == []


def test_missing_directory_is_made(tmp_path: Path) -> None:
    with lock_environment(str(tmp_path / "a" / "b"), timeout_seconds=0, on_wait=never):
        assert (tmp_path / "a" / "b").is_dir()


def test_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(TargetEnvironmentError, match="cannot install into"),
        lock_environment(str(tmp_path / "file"), timeout_seconds=0, on_wait=never),
    ):
        pass


def test_other_directories_are_free(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    assert holder.poll() is None
    with lock_environment(str(tmp_path / "other"), timeout_seconds=0, on_wait=never):
        pass


@pytest.mark.usefixtures("holder")
def test_busy_after_the_timeout(tmp_path: Path) -> None:
    waits: list[int] = []
    start = time.monotonic()
    with (
        pytest.raises(EnvironmentBusyError) as caught,
        lock_environment(str(tmp_path), timeout_seconds=0.1, on_wait=lambda: waits.append(1)),
    ):
        pass
    assert waits == [1]
    assert time.monotonic() - start >= 0.1
    assert str(tmp_path) in caught.value.what
    assert "--lock-timeout" in (caught.value.hint or "")


@pytest.mark.parametrize("is_killed", [False, True])
def test_waits_until_the_holder_ends(tmp_path: Path, holder: subprocess.Popen[bytes], is_killed: bool) -> None:
    def end() -> None:
        assert holder.stdin is not None
        if is_killed:
            holder.kill()
        else:
            holder.stdin.close()

    with lock_environment(str(tmp_path), timeout_seconds=30, on_wait=end):
        pass


def test_error_inside_releases(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        lock_environment(str(tmp_path), timeout_seconds=0, on_wait=never),
    ):
        raise ZeroDivisionError
    with lock_environment(str(tmp_path), timeout_seconds=0, on_wait=never):
        pass


def test_directory_replaced_while_waiting(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    waiting, done = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with lock_environment(str(path), timeout_seconds=30, on_wait=waiting.set):
            done.set()

    thread = threading.Thread(target=wait_for_it)
    with lock_environment(str(path), timeout_seconds=0, on_wait=never):
        thread.start()
        assert waiting.wait(30)
        path.rename(tmp_path / "old")
        assert done.wait(30)  # the new directory is free
    thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="there it is the usual way")
def test_file_stands_for_a_directory_that_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = _try_lock_file(str(tmp_path))
    assert first is not None
    assert _try_lock_file(str(tmp_path)) is None
    os.close(first)
    second = _try_lock_file(str(tmp_path))
    assert second is not None
    os.close(second)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(TargetEnvironmentError, match="cannot lock"):
        _try_lock_file(str(tmp_path))
