from __future__ import annotations

import threading
import time

import anyio
import anyio.lowlevel
import pytest

from asyncpip.index.late_writes import LateWrites

pytestmark = pytest.mark.anyio


async def test_all_is_written_in_order_and_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncpip.index.late_writes._GATHER_SECONDS", 0.02)
    done: list[tuple[int, bool]] = []
    here = threading.get_ident()
    async with anyio.create_task_group() as tasks:
        writes = LateWrites(tasks)
        for number in range(50):
            writes.add(lambda number=number: done.append((number, threading.get_ident() == here)))  # type: ignore[misc]
            if number == 25:
                await anyio.sleep(0.05)
    assert done == [(number, False) for number in range(50)]


async def test_in_a_hurry_nothing_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncpip.index.late_writes._GATHER_SECONDS", 60)
    done = []
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            writes = LateWrites(tasks)
            writes.add(lambda: done.append(time.monotonic()))
            await anyio.lowlevel.checkpoint()
            writes.hurry()
            writes.add(lambda: done.append(time.monotonic()))
    assert len(done) == 2
