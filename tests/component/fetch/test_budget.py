"""The budget of bytes in memory: never exceeded, never lost, the largest first."""

from __future__ import annotations

import random

import anyio
import pytest

from asyncpip.fetch.budget import ByteBudget

pytestmark = pytest.mark.anyio


async def settle() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("seed", range(10))
async def test_it_is_never_exceeded_and_all_comes_back(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    budget = ByteBudget(100)
    used = most = served = 0

    async def work(amount: int, patience: int) -> None:
        nonlocal used, most, served
        with anyio.CancelScope() as scope:
            if patience == 0:
                scope.cancel()
            elif patience < 4:
                tasks.start_soon(cancel_later, scope, patience)
            taken = await budget.take(amount)
            used += taken
            most = max(most, used)
            try:
                for _ in range(amount % 3):
                    await anyio.lowlevel.checkpoint()
            finally:
                used -= taken
                budget.give_back(taken)
                served += 1

    async def cancel_later(scope: anyio.CancelScope, steps: int) -> None:
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(work, chance.choice((1, 10, 40, 60, 100, 500)), chance.randrange(8))
    assert 50 < most <= 100
    assert served >= 60
    assert used == 0
    with anyio.fail_after(1):
        assert await budget.take(1000) == 100


async def test_the_largest_first() -> None:
    """A large archive does not starve behind small ones, nor does it come last."""
    budget = ByteBudget(10)
    order: list[int] = []

    async def work(amount: int) -> None:
        taken = await budget.take(amount)
        order.append(amount)
        await settle()
        budget.give_back(taken)

    async with anyio.create_task_group() as tasks:
        await budget.take(10)
        for amount in (1, 8, 2, 9):
            tasks.start_soon(work, amount)
        await settle()
        budget.give_back(10)
    assert order == [9, 8, 2, 1]


async def test_one_who_leaves_the_queue_makes_way() -> None:
    budget = ByteBudget(10)
    await budget.take(5)
    got = anyio.Event()

    async def small() -> None:
        await budget.take(5)
        got.set()

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as inner:
                inner.start_soon(budget.take, 10)
                await settle()
                tasks.start_soon(small)
                await settle()
                assert not got.is_set()
                scope.cancel()
        with anyio.fail_after(1):
            await got.wait()
