"""The event loop of a run, and what becomes of the errors of its tasks."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from asyncpip.errors import AsyncpipError
from asyncpip.pipeline.late_dataclasses import late_dataclasses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")


def run_in_loop(function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run ``function`` in a loop of its own, uvloop where it is installed; raise the first cause of a group."""
    with late_dataclasses(), contextlib.suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")  # as `anyio.run` would
    try:
        return anyio.run(function, *arguments, backend_options={"use_uvloop": _have_uvloop()})
    except BaseExceptionGroup as group:
        raise first_cause(group) from group


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
