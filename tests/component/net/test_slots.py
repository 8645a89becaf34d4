from __future__ import annotations

import asyncio

import anyio
import anyio.lowlevel
import pytest

from asyncpip.net.slots import Slots

pytestmark = pytest.mark.anyio


async def test_first_come_first_served() -> None:
    slots = Slots(2)
    order: list[int] = []

    async def hold(number: int) -> None:
        await slots.acquire()
        order.append(number)
        await anyio.lowlevel.checkpoint()
        slots.release()

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(hold, number)
            await anyio.lowlevel.checkpoint()
    assert order == list(range(6))


@pytest.mark.parametrize("granted", [False, True])
async def test_who_is_cancelled_holds_no_slot(granted: bool) -> None:
    """Also where the slot had been handed over, and the task had not run since."""
    slots = Slots(1)
    await slots.acquire()
    waiting = asyncio.get_running_loop().create_task(slots.acquire())  # anyio would not cancel it once it was granted
    await anyio.lowlevel.checkpoint()
    if granted:
        slots.release()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    if not granted:
        slots.release()
    with anyio.fail_after(1):
        await slots.acquire()
