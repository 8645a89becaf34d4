"""Unpacking in child processes: the same results as here, and an end to them in every case."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from asyncpip.core.unpacking import FAILED, MISMATCH, OK, REFUSED, UnpackJob
from asyncpip.errors import StoreError
from asyncpip.install.manifest import Manifest
from asyncpip.install.member_files import UnpackCancelledError
from asyncpip.install.unpack_worker import decode_outcome, encode_job, read_frame
from asyncpip.pipeline import unpack_pool
from asyncpip.pipeline.unpack_pool import UnpackPool
from tests.support.stored import snapshot
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME, DATA = build_wheel(
    "demo", "1.0", files={"demo/__init__.py": "X = 1\n", "demo/ü b.py": ""}, executable=["demo/ü b.py"]
)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["here", "children"])
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[UnpackPool]:
    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", 10**9 if request.param == "here" else 0)
    pool = UnpackPool()
    yield pool
    pool.close()
    assert all(child.has_ended for child in pool._all)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[UnpackPool]:
    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", 0)
    pool = UnpackPool()
    yield pool
    pool.cancel()
    pool.close()


def job(folder: Path, data: bytes = DATA, *, demands: list[list[str]] | None = None, umask: int = 0o022) -> UnpackJob:
    folder.mkdir()
    (folder / "archive").write_bytes(data)
    (folder / "staging").mkdir()
    return UnpackJob(
        path=str(folder / "archive"),
        size_bytes=len(data),
        filename=NAME,
        staging=str(folder / "staging"),
        umask=umask,
        demands=demands or [],
    )


def test_a_tree(tmp_path: Path, pool: UnpackPool) -> None:
    for number in range(3):
        outcome = pool.run(job(tmp_path / f"ü {number}", demands=[[f"sha256={SHA256}"]]))
        assert outcome.kind == OK
        assert outcome.digests["sha256"] == SHA256
        manifest = Manifest.decode((tmp_path / f"ü {number}" / "staging" / "manifest").read_bytes())
        assert "demo/ü b.py" in manifest.root_paths
    assert len(pool._all) <= 1
    assert snapshot(tmp_path / "ü 0") == snapshot(tmp_path / "ü 2")


def test_a_large_archive_leaves_room_for_small_ones_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = job(tmp_path / "small")
    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", small.size_bytes)
    pool = UnpackPool()
    large = job(tmp_path / "large", build_wheel("demo", "1.0", files={"demo/noise.bin": os.urandom(10_000)})[1])
    assert pool.run(large).kind == OK
    busy = pool._take()
    assert pool._all == [busy]
    assert pool.run(small).kind == OK
    assert pool._all == [busy]
    pool.close()


def test_both_ways_make_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        for limit in (0, 10**9):
            monkeypatch.setattr(unpack_pool, "INLINE_BYTES", limit)
            pool = UnpackPool()
            pool.run(job(tmp_path / str(limit), umask=0o027))
            pool.close()
    finally:
        os.umask(before)
    assert snapshot(tmp_path / "0" / "staging") == snapshot(tmp_path / str(10**9) / "staging")


def test_outcomes(tmp_path: Path, pool: UnpackPool) -> None:
    sha512 = hashlib.sha512(DATA).hexdigest()
    wrong = pool.run(job(tmp_path / "a", demands=[[f"sha256={SHA256}"], ["sha512=0", "md5=0"]]))
    assert (wrong.kind, wrong.digests["sha512"]) == (MISMATCH, sha512)
    assert os.listdir(tmp_path / "a" / "staging") == []
    either = pool.run(job(tmp_path / "b", demands=[["md5=0", f"sha512={sha512}"]]))
    assert either.kind == OK
    refused = pool.run(job(tmp_path / "c", b"no wheel"))
    assert refused.kind == REFUSED
    assert NAME in refused.details[0]
    assert pool.run(job(tmp_path / "d", b"")).kind == REFUSED
    missing = job(tmp_path / "e")
    os.unlink(missing.path)
    assert pool.run(missing).kind == FAILED
    taken = job(tmp_path / "f")
    (tmp_path / "f" / "staging" / "0").mkdir()
    failed = pool.run(taken)
    assert failed.kind == FAILED
    assert "exists" in failed.details[1]


def test_cancelled(tmp_path: Path, pool: UnpackPool) -> None:
    pool.cancel()
    with pytest.raises(UnpackCancelledError):
        pool.run(job(tmp_path / "a"))


@pytest.mark.parametrize("forks", [0, 2])
def test_where_there_can_be_no_more_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forks: int) -> None:
    """What children would have done is done here, and no pipe is left."""

    def refuse(*_: object, **__: object) -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", 0)
    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    before = len(os.listdir("/proc/self/fd"))
    pool = UnpackPool(children=forks)
    assert pool.run(job(tmp_path / "job")).kind == OK
    assert pool._all == []
    pool.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_child_is_started_ahead_once_where_one_will_be_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", 1000)
    pool = UnpackPool()
    pool.expect(1000)
    pool.close()
    assert pool._all == []
    pool.expect(1001)
    pool.expect(1001)
    large = job(tmp_path / "large", build_wheel("demo", "1.0", files={"demo/noise.bin": os.urandom(10_000)})[1])
    assert pool.run(large).kind == OK
    assert len(pool._all) == 1
    pool.close()
    assert pool._all[0].has_ended


def test_a_child_that_is_started_while_the_pool_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", 0)
    pool = UnpackPool()
    pool.expect(1)
    pool.cancel()
    pool.close()
    assert all(child.has_ended for child in pool._all)


def test_a_child_that_dies(tmp_path: Path, children: UnpackPool) -> None:
    assert children.run(job(tmp_path / "a")).kind == OK
    children._all[0].kill()
    children._all[0].wait()
    with pytest.raises(StoreError, match=NAME) as caught:
        children.run(job(tmp_path / "b"))
    assert "ended unexpectedly" in str(caught.value.why)
    assert children.run(job(tmp_path / "c")).kind == OK  # by another child


def test_as_many_children_as_jobs_at_once(tmp_path: Path, children: UnpackPool) -> None:
    kinds: list[str] = []
    threads = [
        threading.Thread(target=lambda number: kinds.append(children.run(job(tmp_path / str(number))).kind), args=(n,))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds == [OK] * 3
    assert 1 <= len(children._all) <= 3


def test_cancelling_ends_a_child_at_work(tmp_path: Path, children: UnpackPool) -> None:
    assert children.run(job(tmp_path / "a")).kind == OK
    child = children._all[0]
    os.kill(child.pid, signal.SIGSTOP)  # as good as a huge archive
    errors: list[BaseException] = []

    def run() -> None:
        try:
            children.run(job(tmp_path / "b"))
        except BaseException as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.05)
    children.cancel()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(errors[0], UnpackCancelledError)


def test_interrupts_are_for_the_parent(tmp_path: Path, children: UnpackPool) -> None:
    assert children.run(job(tmp_path / "a")).kind == OK
    os.kill(children._all[0].pid, signal.SIGINT)
    time.sleep(0.02)
    assert children.run(job(tmp_path / "b")).kind == OK
    assert len(children._all) == 1


FORKED = """
import os, sys
from asyncpip.core.unpacking import UnpackJob
from asyncpip.pipeline.unpack_children import ForkedChild
from asyncpip.pipeline.unpack_pool import UnpackPool
path, size, name, staging, ending = sys.argv[1:]
kept = os.open(path, os.O_RDONLY)
pool = UnpackPool(children=2)
print(all(isinstance(child, ForkedChild) for child in pool._all), len(pool._all))
pids = [child.pid for child in pool._all]
for at in range(2):
    os.mkdir(f"{staging}{at}")
    outcome = pool.run(
        UnpackJob(path=path, size_bytes=int(size), filename=name, staging=f"{staging}{at}", umask=0o022, demands=[])
    )
    print(outcome.kind)
pid = pool._idle[-1].pid
print(any(os.readlink(f"/proc/{pid}/fd/{number}") == path for number in os.listdir(f"/proc/{pid}/fd")))
if ending == "killed":
    print(*pids, flush=True)
    os.kill(os.getpid(), 9)
pool.close()
print(all(child.has_ended for child in pool._all))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
@pytest.mark.parametrize("ending", ["closed", "killed"])
def test_forked_children(tmp_path: Path, ending: str) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(DATA)
    arguments = [str(archive), str(len(DATA)), NAME, str(tmp_path / "staging"), ending]
    done = subprocess.run([sys.executable, "-c", FORKED, *arguments], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines[0] == "True 2", done.stderr
    assert lines[1:3] == [OK, OK]
    assert lines[3] == "False"  # what the parent has open is closed there
    assert (tmp_path / "staging0" / "manifest").exists()
    if ending == "closed":
        assert lines[4] == "True"
        return
    deadline = time.monotonic() + 10
    while any(_is_alive(int(pid)) for pid in lines[4].split()):
        assert time.monotonic() < deadline, "children outlive a parent that was killed"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as reading:
            return reading.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


MANY: dict[str, str | bytes] = {f"demo/{number}.py": f"X = {number}\n" * 50 for number in range(3000)}
MANY_NAME, MANY_DATA = build_wheel(
    "demo", "1.0", files={**MANY, "demo/run": b"#!"}, executable=["demo/run"], data={"scripts/tool": "#!python\n"}
)


@pytest.fixture
def many_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[UnpackPool]:
    monkeypatch.setattr(unpack_pool, "INLINE_BYTES", 0)
    pool = UnpackPool(jobs=4)
    yield pool
    pool.cancel()
    pool.close()


def test_a_wheel_of_many_files_is_unpacked_by_all_that_are_free(tmp_path: Path, many_jobs: UnpackPool) -> None:
    alone, together = (
        job(tmp_path / "alone", MANY_DATA, umask=0o027),
        job(tmp_path / "together", MANY_DATA, umask=0o027),
    )
    many_jobs._jobs = 1
    assert many_jobs.run(alone).kind == OK
    many_jobs._jobs = 4
    assert many_jobs.run(together).kind == OK
    assert (alone.processes, together.processes) == (1, 4)
    assert snapshot(tmp_path / "alone" / "staging") == snapshot(tmp_path / "together" / "staging")
    assert len(os.listdir(tmp_path / "together" / "staging")) > len(MANY)


def test_who_else_is_at_work_is_not_counted_on(tmp_path: Path, many_jobs: UnpackPool) -> None:
    many_jobs._running = 2
    made = job(tmp_path / "a")
    assert many_jobs.run(made).kind == OK
    assert made.processes == 2
    many_jobs._running = 9
    made = job(tmp_path / "b")
    assert many_jobs.run(made).kind == OK
    assert made.processes == 1


@pytest.mark.parametrize("number", [10, 1500, 2990])
def test_what_any_of_them_finds_wrong_is_told_as_it_is(tmp_path: Path, many_jobs: UnpackPool, number: int) -> None:
    broken = bytearray(MANY_DATA)
    name = f"demo/{number}.py".encode()
    broken[broken.index(name) + len(name) + 3] ^= 0xFF  # in the compressed data
    outcome = many_jobs.run(job(tmp_path / "a", bytes(broken)))
    assert outcome.kind == REFUSED
    assert "is damaged" in outcome.details[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_helpers_end_with_a_child_that_is_killed(tmp_path: Path, many_jobs: UnpackPool) -> None:
    made = job(tmp_path / "a", MANY_DATA)
    running = threading.Thread(target=lambda: suppressed(many_jobs, made))
    running.start()
    deadline = time.monotonic() + 10
    while len(working_in(made.staging)) < 2 and running.is_alive() and time.monotonic() < deadline:
        continue
    many_jobs.cancel()
    running.join()
    while working_in(made.staging):
        assert time.monotonic() < deadline, "a helper outlives the process that it helps"
        time.sleep(0.01)


def suppressed(pool: UnpackPool, made: UnpackJob) -> None:
    with suppress(UnpackCancelledError):
        pool.run(made)


def working_in(folder: str) -> list[str]:
    """Return the processes that have ``folder`` open."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if any(os.readlink(f"/proc/{pid}/fd/{number}") == folder for number in os.listdir(f"/proc/{pid}/fd")):
                found.append(pid)
    return found


def test_frames(tmp_path: Path) -> None:
    """A job survives the way to a child whatever is in it."""
    made = UnpackJob(
        path=str(tmp_path / "a b\nc"),
        size_bytes=7,
        filename="ü.whl",
        staging="/\udcff",
        umask=0,
        demands=[["a=1", "b=2"], ["c=3"]],
    )
    (tmp_path / "frame").write_bytes(encode_job(made) + b"cut")
    with open(tmp_path / "frame", "rb") as stream:
        fields = read_frame(stream)
        assert fields is not None
        assert fields[:5] == [made.path, "7", made.filename, made.staging, "0"]
        assert read_frame(stream) is None
    outcome = decode_outcome(["ok", "sha256=1 md5=2", "x"])
    assert (outcome.kind, outcome.digests, outcome.details) == ("ok", {"sha256": "1", "md5": "2"}, ["x"])


FORKED_TWICE = """
import asyncio, os, sys, uvloop
from asyncpip.pipeline import unpack_children

async def fork() -> int:
    jobs, answering = os.pipe()
    child = os.fork()
    if child == 0:
        unpack_children._close_all_but(jobs, answering)
        opened = [end for _ in range(30) for end in os.pipe()]  # among their numbers are those that libuv closes
        before = [os.fstat(end).st_ino for end in opened]
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(int([os.fstat(end).st_ino for end in opened] != before))
        os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

sys.exit(uvloop.run(fork()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forked children are for Linux")
def test_a_forked_child_can_fork_in_its_turn() -> None:
    """In each copy of a process libuv closes descriptors of its own, by number, and makes new ones."""
    pytest.importorskip("uvloop")
    done = subprocess.run([sys.executable, "-c", FORKED_TWICE], check=False, timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
