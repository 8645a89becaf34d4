from __future__ import annotations

import anyio
import pytest

from asyncpip.fetch.turns import Turns

pytestmark = pytest.mark.anyio


async def test_the_largest_of_those_that_wait_comes_first() -> None:
    turns = Turns(2)
    order: list[int] = []
    running = 0

    async def work(size_bytes: int) -> None:
        nonlocal running
        async with turns.turn(size_bytes):
            running += 1
            assert running <= 2
            order.append(size_bytes)
            await anyio.sleep(0.001)
            running -= 1

    async with anyio.create_task_group() as tasks:
        for size_bytes in (5, 1, 3, 9, 2, 9, 7):
            tasks.start_soon(work, size_bytes)
    assert sorted(order[:2]) == [1, 5]  # they found it free
    assert order[2:] == [9, 9, 7, 3, 2]


async def test_who_gives_up_leaves_no_gap() -> None:
    turns = Turns(1)
    async with anyio.create_task_group() as tasks:
        async with turns.turn(1):
            scopes = [anyio.CancelScope() for _ in range(3)]

            async def wait(scope: anyio.CancelScope, size_bytes: int) -> None:
                with scope:
                    async with turns.turn(size_bytes):
                        await anyio.sleep(60)

            for at, scope in enumerate(scopes):
                tasks.start_soon(wait, scope, at)
            await anyio.sleep(0.001)
            scopes[1].cancel()
            await anyio.sleep(0.001)
        scopes[2].cancel()  # at the moment at which its turn has come
        scopes[0].cancel()
    with anyio.fail_after(1):
        async with turns.turn(1):
            with anyio.move_on_after(0.001) as second:
                async with turns.turn(1):
                    pass
    assert second.cancelled_caught  # nor one place more


async def test_what_nobody_waits_for_can_be_borrowed() -> None:
    turns = Turns(2)
    async with turns.turn(1):
        assert [turns.borrow(), turns.borrow(), turns.is_wanted] == [True, False, False]
        came = anyio.Event()

        async def wait() -> None:
            async with turns.turn(1):
                came.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(0.001)
            wanted = turns.is_wanted
            turns.give_back()
            with anyio.fail_after(1):
                await came.wait()
    assert wanted
    assert [turns.is_wanted, turns.borrow(), turns.borrow(), turns.borrow()] == [False, True, True, False]
