"""What a solver asks for by the thousand is begun in turn, and all of it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.names import Digest
from asyncpip.core.page import PageFile
from asyncpip.fetch.wheels import StoredWheel
from asyncpip.pipeline import bridge as bridge_module
from asyncpip.pipeline.bridge import Bridge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.requirement import UserRequirement

pytestmark = pytest.mark.anyio

MANY = 50


class World:
    """Answers a bridge, one step of the loop later, and sees how much is asked at once."""

    def __init__(self) -> None:
        self.open = self.most_open = 0
        self.begun: list[str] = []

    async def _answer(self, key: str) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.begun.append(key)
        try:
            await anyio.sleep(0.001)
        finally:
            self.open -= 1
        if key.endswith("7"):
            raise OSError(key)

    async def fetch_pages(self, name: NormalizedName) -> Sequence[ProjectPage]:
        await self._answer(name)
        return ()

    async def fetch_archive(self, candidate: Candidate) -> StoredWheel:
        await self._answer(candidate.name)
        return StoredWheel(digest=Digest(candidate.file.filename), tree="", from_store=False)

    async def fetch_metadata(self, candidate: Candidate) -> CoreMetadata:
        raise NotImplementedError

    async def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        raise NotImplementedError


def candidate(number: int) -> Candidate:
    name = f"p{number}"
    file = PageFile(filename=f"{name}-1-py3-none-any.whl", url=f"http://host/{name}-1-py3-none-any.whl")
    return Candidate(name=canonicalize_name(name), version=Version("1"), file=file, tag_rank=0, page_url="")


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(bridge_module, "AT_ONCE", 3)
    return World()


@pytest.fixture
async def bridge(world: World) -> AsyncIterator[Bridge[StoredWheel]]:
    async with anyio.create_task_group() as tasks:
        yield Bridge(
            tasks,
            fetch_pages=world.fetch_pages,
            read_known_metadata=lambda _: None,
            fetch_metadata=world.fetch_metadata,
            fetch_direct=world.fetch_direct,
            fetch_archive=world.fetch_archive,
            prefetches=lambda _: True,
        )
        tasks.cancel_scope.cancel()


async def test_pages(bridge: Bridge[StoredWheel], world: World) -> None:
    names = [canonicalize_name(f"p{number}") for number in range(MANY)]

    def solve() -> list[str]:
        bridge.expect_projects(names)
        failed = []
        for name in reversed(names):
            try:
                assert bridge.fetch_pages(name) == ()
            except OSError as error:
                failed.append(str(error))
        return failed

    assert await anyio.to_thread.run_sync(solve) == ["p47", "p37", "p27", "p17", "p7"]
    assert world.begun == names
    assert (world.most_open, world.open) == (3, 0)


async def test_archives(bridge: Bridge[StoredWheel], world: World) -> None:
    candidates = [candidate(number) for number in range(MANY)]

    def pin() -> None:
        for each in candidates:
            bridge.expect_archive(each)
        for each in candidates[40:]:
            bridge.retract_archive(each)

    await anyio.to_thread.run_sync(pin)
    for number, each in enumerate(candidates):
        if number % 10 == 7:
            with pytest.raises(OSError, match=each.name):
                await bridge.archive(each)
        else:
            assert (await bridge.archive(each)).digest == each.file.filename  # also where it was retracted before
    assert sorted(world.begun) == sorted(each.name for each in candidates)  # each was asked for once
    assert (world.most_open, world.open) == (3, 0)


async def test_nothing_is_begun_for_who_has_gone(bridge: Bridge[StoredWheel], world: World) -> None:
    def pin() -> None:
        for number in range(MANY):
            bridge.expect_archive(candidate(number))
        for number in range(3, MANY - 1):
            bridge.retract_archive(candidate(number))

    await anyio.to_thread.run_sync(pin)
    await bridge.archive(candidate(MANY - 1))
    assert len(world.begun) < MANY // 2
