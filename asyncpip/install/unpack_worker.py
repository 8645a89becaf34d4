"""Checks and unpacks one archive; as a function, and as a child process that does so again and again. Lean.

Why a process: unpacking releases the GIL for each of its 100,000 short system calls, and beside a busy event loop and
solver every one of them waits up to a switch interval to get it back. With threads a cold run of 171 wheels kept 1.05
of 2 cores busy, with processes 1.9.
"""

from __future__ import annotations

import mmap
import os
import sys

from asyncpip.core.unpacking import (
    BUG,
    FAILED,
    MISMATCH,
    OK,
    PAIR,
    REFUSED,
    Arrived,
    EarlyMember,
    Outcome,
    UnpackJob,
    metadata_digest,
)
from asyncpip.errors import AsyncpipError
from asyncpip.install.unpacker import unpack_wheel

_NICE = 5
"""Resolving and receiving go first where there are fewer cores than work: they are what everybody else waits for."""
_POPULATE_LIMIT_BYTES = 64 * 1024 * 1024

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from asyncpip.install.wheel import WheelLayout


def run_job(job: UnpackJob, cancelled: Callable[[], bool] = lambda: False) -> Outcome:
    """Check and unpack; never raises for what an archive or a disk can do, but lets `UnpackCancelledError` through."""
    digests: dict[str, str] = {}
    layouts: list[WheelLayout] = []
    try:
        with open(job.path, "rb") as reading:
            content = _mapped(reading.fileno(), job.size_bytes) if job.size_bytes else b""
        digests = _digests(content, job.demands, job.sha256)
        known = {f"{algorithm}{PAIR}{digest}" for algorithm, digest in digests.items()}
        if any(known.isdisjoint(group) for group in job.demands):
            return Outcome(MISMATCH, digests, [])
        unpack_wheel(
            content,
            filename=job.filename,
            digest=digests["sha256"],
            staging=job.staging,
            umask=job.umask,
            cancelled=cancelled,
            on_layout=layouts.append,
            early=[EarlyMember.of_text(text) for text in job.early],
            processes=job.processes,
        )
    except AsyncpipError as error:
        return Outcome(REFUSED, digests, [error.what, error.why or "", error.hint or ""])
    except OSError as error:
        return Outcome(FAILED, digests, [str(error.errno or 0), str(error)])
    return Outcome(OK, digests, [metadata_digest(layouts[0].metadata), layouts[0].requires_python])


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    """Map an archive for reading, all its pages at once where that can be asked for: a fault each costs 0.2 s a GB."""
    if sys.platform == "linux" and size <= _POPULATE_LIMIT_BYTES:
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # CPython 3.10
        return mmap.mmap(descriptor, size, flags=flags, prot=mmap.PROT_READ)
    return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)


def _digests(content: bytes | mmap.mmap, demands: list[list[str]], sha256: str) -> dict[str, str]:
    """Return all digests that are demanded; ``sha256`` is known where it is not empty."""
    algorithms = {item.partition(PAIR)[0] for group in demands for item in group}
    if sha256 and algorithms <= {"sha256"}:
        return {"sha256": sha256}
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 3 ms, which the warm path does without

    return {
        algorithm: hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        for algorithm in ({"sha256"} | algorithms) & hashlib.algorithms_available
    }


# --- as a child process: length-prefixed frames of NUL-separated fields over two pipes

_GROUPS, _ITEMS = "\n", " "


def encode_job(job: UnpackJob) -> bytes:
    """Return the frame of a job."""
    demands = _GROUPS.join(_ITEMS.join(group) for group in job.demands)
    early = _GROUPS.join(job.early)
    places = [job.path, str(job.size_bytes), job.filename, job.staging]
    return _frame([*places, str(job.umask), demands, job.sha256, early, str(job.processes)])


def decode_outcome(fields: list[str]) -> Outcome:
    """Return the outcome in the fields of a frame."""
    digests = dict(item.split(PAIR, 1) for item in fields[1].split(_ITEMS) if item)
    return Outcome(fields[0], digests, fields[2:])


def read_frame(stream: BinaryIO) -> list[str] | None:
    """Return the fields of the next frame; None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:  # noqa: PLR2004
        return None
    length = int.from_bytes(head, "little")
    body = stream.read(length)
    return body.decode("utf-8", "surrogateescape").split("\0") if len(body) == length else None


def _frame(fields: list[str]) -> bytes:
    body = "\0".join(fields).encode("utf-8", "surrogateescape")
    return len(body).to_bytes(4, "little") + body


def _load_ahead() -> None:
    """Load what the first job will need, which may still be on its way: OpenSSL alone takes 5 ms."""
    import hashlib  # noqa: PLC0415 - in the child only

    import asyncpip.core.metadata  # noqa: PLC0415 - in the child only
    import asyncpip.install.parallel  # noqa: F401, PLC0415 - in the child only

    hashlib.sha256(usedforsecurity=False)


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Take jobs until there are no more; the child's whole life. Ctrl-C is for the parent to act on."""
    import _signal  # type: ignore[import-not-found]  # noqa: PLC0415 - in the child only; `signal` loads enum

    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    _load_ahead()
    while (fields := read_frame(jobs)) is not None:
        path, size, filename, staging, umask, demands, sha256, early, processes = fields
        job = UnpackJob(
            path=path,
            size_bytes=int(size),
            filename=filename,
            staging=staging,
            umask=int(umask),
            demands=[group.split(_ITEMS) for group in demands.split(_GROUPS) if group],
            arrived=Arrived(sha256, [EarlyMember.of_text(text) for text in early.split(_GROUPS) if text]),
            processes=int(processes),
        )
        os.umask(job.umask)
        try:
            outcome = run_job(job)
        except Exception as error:  # noqa: BLE001 - the parent raises it, with this text
            outcome = Outcome(BUG, {}, [f"{type(error).__name__}: {error}"])
        digests = _ITEMS.join(f"{algorithm}{PAIR}{digest}" for algorithm, digest in outcome.digests.items())
        answers.write(_frame([outcome.kind, digests, *outcome.details]))
        answers.flush()
