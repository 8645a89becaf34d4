"""The event loop of a run, and what becomes of the errors of its tasks."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from asyncpip.errors import AsyncpipError
from asyncpip.pipeline.late_dataclasses import late_dataclasses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import FrameType

T = TypeVar("T")


def run_in_loop(function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run ``function`` in a loop of its own, uvloop where it is installed; raise the first cause of a group."""
    with late_dataclasses(), contextlib.suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")  # as `anyio.run` would
    try:
        return run_until_interrupted(function, *arguments, use_uvloop=_have_uvloop())
    except BaseExceptionGroup as group:
        raise first_cause(group) from group


def run_until_interrupted(function: Callable[..., Awaitable[T]], *arguments: Any, use_uvloop: bool = False) -> T:
    """Run ``function`` in a loop of its own; the first Ctrl-C cancels it, and is raised when it has ended.

    `asyncio.Runner` does so where Ctrl-C has Python's meaning; here it keeps the one that the process has given it.
    """
    options = {"use_uvloop": use_uvloop}
    meant = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(meant) or meant is signal.default_int_handler:
        return anyio.run(function, *arguments, backend_options=options)
    interruption = _Interruption(meant)

    async def watched() -> T:
        with interruption:
            return await function(*arguments)

    try:
        return anyio.run(watched, backend_options=options)
    except asyncio.CancelledError:
        if interruption.came:
            raise KeyboardInterrupt from None
        raise


class _Interruption:
    """Cancels the task that it is entered in where the handler ``meant`` for SIGINT would raise, the first time."""

    def __init__(self, meant: Callable[[int, FrameType | None], object]) -> None:
        self._meant = meant
        self.came = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        signal.signal(signal.SIGINT, self._act)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._meant)

    def _act(self, number: int, frame: FrameType | None) -> None:
        try:
            self._meant(number, frame)
        except KeyboardInterrupt:
            if self.came or self._task is None:
                raise
            self.came = True
            self._task.cancel()
            self._loop.call_soon_threadsafe(_wake)


def _wake() -> None:
    """Do nothing, in a loop that waited."""


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error to show for a group: a bug before errors of ours, whose number goes into the first's ``why``."""
    leaves = list(_leaves(group))
    for error in leaves:
        if isinstance(error, KeyboardInterrupt):
            return error
    ours = [error for error in leaves if isinstance(error, AsyncpipError)]
    foreign = [error for error in leaves if not isinstance(error, AsyncpipError)]
    first = (foreign or ours)[0]
    if isinstance(first, AsyncpipError) and len(ours) > 1:
        first.why = "\n".join(filter(None, (first.why, f"{len(ours) - 1} more failed likewise")))
    return first


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterable[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _have_uvloop() -> bool:
    try:
        import uvloop  # noqa: F401 - not on Windows
    except ImportError:
        return False
    return True
