"""Many short system calls on several cores: in forked processes where that is safe and pays. Lean.

A link or stat takes 2-3 us and releases the GIL, so that threads spend as long handing it to one another: 25.8k links
take 83 ms in one thread, 76 ms in two, 44 ms in two processes. To load `threading` takes 3 ms, a seventh of a small
install from the store: it is for calls that are long. Forking is for Linux and for a process whose only thread is
the caller's (what the others hold would stay locked in the child); it costs 2 ms.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has only `signal`, which loads enum: 4 ms
import os
import sys

from asyncpip.errors import InstallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    Item = TypeVar("Item")

_FORK_FROM_ITEMS = 16
"""Fewer items are done before a child has started."""
_TOKEN_BYTES = 2
_MOST_TOKENS = 30_000
"""What a pipe of 64 KiB holds."""
_SIGNALS = tuple(getattr(_signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(_signal, name))
_children: dict[int, int] = {}
"""Processes that are at work, and what they write to."""


def run_parallel(
    action: Callable[[Item], None],
    items: Sequence[Item],
    *,
    jobs: int,
    meanwhile: Callable[[], None] = lambda: None,
    long_calls: bool = False,
) -> None:
    """Call ``action`` on each of ``items``, which it only reads; raise the first error.

    In a child process ``action`` changes nothing but the disk: what it leaves in memory is lost. ``meanwhile`` is
    called in this process, when the others, if there are any, have begun. ``long_calls``: most of the time goes to
    calls that leave the interpreter to other threads for long, so that these help where there can be no processes.
    """
    if jobs > 1 and _FORK_FROM_ITEMS <= len(items) <= _MOST_TOKENS and _may_fork():
        _run_in_processes(action, items, min(jobs, 4), meanwhile)
        return
    meanwhile()
    if jobs > 1 and len(items) > 1 and long_calls:
        from asyncpip.install.in_threads import run_in_threads  # noqa: PLC0415 - loads threading, 3 ms

        run_in_threads(action, items, jobs=jobs)
    else:
        for item in items:
            action(item)


def wait_for_workers() -> None:
    """Return once nothing changes the disk any more that a call left which was interrupted while it waited.

    To be called where SIGINT does nothing, before what was done is undone.
    """
    for child in list(_children):
        _reap(child)
    in_threads = sys.modules.get("asyncpip.install.in_threads")
    if in_threads is not None:
        in_threads.wait_for_threads()


class Uninterrupted:
    """A time in which Ctrl-C does nothing: it was pressed before, and what follows ends soon."""

    def __init__(self) -> None:
        self._before: Callable[..., object] | int | None = None

    def __enter__(self) -> None:
        """Begin; in another thread than the main one nothing is interrupted anyway."""
        import threading  # noqa: PLC0415 - rarely needed, and 4 ms

        if threading.current_thread() is threading.main_thread():
            self._before = _signal.signal(_signal.SIGINT, _signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        """End."""
        if self._before is not None:
            _signal.signal(_signal.SIGINT, self._before)


def be_a_child() -> None:
    """Leave Ctrl-C to the parent, and end by signals that the parent handles (`cli.termination`)."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    for number in _SIGNALS[1:]:
        if callable(_signal.getsignal(number)):
            _signal.signal(number, _signal.SIG_DFL)


class Background:
    """Items that a forked process takes while the caller does something else; at `finish` the caller takes them too.

    One of `finish` and `abandon` is called.
    """

    def __init__(self, action: Callable[[Item], None], items: Sequence[Item]) -> None:
        """``action`` only looks. Where there can be no process, all is done at `finish`."""
        shares = _FORK_FROM_ITEMS <= len(items) <= _MOST_TOKENS and _may_fork()
        self._shared = _Shared(action, items, children=1) if shares else None

        def do_all() -> None:
            for item in items:
                action(item)

        self._do_all = do_all

    def finish(self) -> None:
        """Do what is left, and wait for the end; raise the first error (an `OSError` or `InstallError`)."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.finish()
        else:
            self._do_all()

    def abandon(self) -> None:
        """Let it end soon; what is left is not done."""
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.abandon()


def _may_fork() -> bool:
    threading = sys.modules.get("threading")  # where nobody has loaded it there is no other thread
    return sys.platform == "linux" and (threading is None or threading.active_count() == 1)


def _run_in_processes(
    action: Callable[[Item], None], items: Sequence[Item], jobs: int, meanwhile: Callable[[], None] = lambda: None
) -> None:
    _Shared(action, items, children=jobs - 1).finish(meanwhile)


class _Shared:
    """Items shared out through a pipe that holds one token for each: whoever is free takes the next."""

    def __init__(self, action: Callable[[Item], None], items: Sequence[Item], *, children: int) -> None:
        self._tokens, filling = os.pipe()
        os.write(filling, b"".join(index.to_bytes(_TOKEN_BYTES, "little") for index in range(len(items))))
        os.close(filling)
        tokens = self._tokens

        def work() -> None:
            try:
                while token := os.read(tokens, _TOKEN_BYTES):
                    action(items[int.from_bytes(token, "little")])
            except BaseException:
                _drain(tokens)
                raise

        self._work = work
        self._children: list[tuple[int, int]] = []
        for _ in range(children):
            try:
                self._children.append(_fork(work))
            except OSError:  # this user may have no more processes: the caller does what they would have done
                break

    def finish(self, before: Callable[[], None] = lambda: None) -> None:
        """Take part after ``before``, until nothing is left and all have ended; raise the first error."""
        error: BaseException | None = None
        try:
            before()
            self._work()
        except BaseException as own:  # noqa: BLE001 - raised below, when no child changes the disk any more
            _drain(self._tokens)
            error = own
        for child, answers in self._children:
            try:
                failure = _wait(child, answers)
            except BaseException as own:  # noqa: BLE001 - interrupted while it waited: as above
                _drain(self._tokens)
                _reap(child)
                failure = own
            error = error or failure
        os.close(self._tokens)
        if error is not None:
            raise error

    def abandon(self) -> None:
        """Leave nothing to do, and wait for the end of what is being done."""
        _drain(self._tokens)
        os.close(self._tokens)
        for child, answers in self._children:
            os.close(answers)
            _reap(child)


def _fork(work: Callable[[], None]) -> tuple[int, int]:
    """Start a child that does ``work``; return its process id and where it writes why it failed.

    It ignores SIGINT, which a terminal sends to it too: its parent tells it to stop. No signal comes between its start
    and the note of it. Raises `OSError` where there can be no more processes.
    """
    answers, answering = os.pipe()
    mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, _SIGNALS)
    try:
        child = os.fork()
        if child:
            _children[child] = answers
        else:
            be_a_child()
    except OSError:
        os.close(answers)
        os.close(answering)
        raise
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
    if child:
        os.close(answering)
        return child, answers
    code = 1
    try:
        work()
        code = 0
    except OSError as error:
        os.write(answering, f"{error.errno or 0}\0{error.strerror}\0{error.filename or ''}".encode(errors="replace"))
    except BaseException as error:  # noqa: BLE001 - told to the parent, which raises it
        os.write(answering, f"0\0{type(error).__name__}: {error}\0".encode(errors="replace"))
    finally:
        os._exit(code)


def _drain(tokens: int) -> None:
    """Leave nothing to do for the others."""
    while os.read(tokens, 65536):
        continue


def _wait(child: int, answers: int) -> BaseException | None:
    """Wait for a child; return the error that it ended with."""
    with open(answers, "rb") as reading:
        told = reading.read().decode(errors="replace").split("\0")
    if _reap(child) == 0:
        return None
    if len(told) == 3 and told[0] != "0":  # noqa: PLR2004 - number, text, path
        return OSError(int(told[0]), told[1], told[2] or None)
    return InstallError("a process that put files into place failed", why=told[1] if len(told) > 1 else None)


def _reap(child: int) -> int:
    """Wait for a child to end; return how it did."""
    try:
        _, status = os.waitpid(child, 0)
    except ChildProcessError:  # it was waited for before, by what was interrupted then
        status = -1
    _children.pop(child, None)
    return status
