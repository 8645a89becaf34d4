"""Any wheel gives its METADATA by ranges; damaged ones give it, or `ValueError`, never anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncpip.index.ranges import TailReader, metadata_of_archive, peek_metadata
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

pytestmark = pytest.mark.property
DEMO = cast("NormalizedName", "demo")
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"


def read_by_ranges(archive: bytes) -> bytes:
    reader = TailReader(DEMO, len(archive))
    while (wanted := reader.next_range()) is not None:
        assert wanted.end is not None
        assert 0 <= wanted.start < wanted.end <= len(archive)
        reader.feed(wanted.start, archive[wanted.start : wanted.end], len(archive))
    return reader.metadata()


def peek(archive: bytes | bytearray) -> bytes | None:
    return peek_metadata(lambda start, end: bytes(archive[max(0, start) : max(0, end)]), len(archive))


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 150_000), max_size=5),
    count=st.integers(0, 1500),
    first=st.booleans(),
)
def test_ranges_find_metadata(sizes: list[int], count: int, first: bool) -> None:
    files = {f"demo/{number}": bytes(size) for number, size in enumerate(sizes)}
    files |= {f"demo/{'long' * 20}/{number}": b"" for number in range(count)}
    _, archive = build_wheel("demo", "1.0", files=files, metadata=METADATA, dist_info_first=first, compression=0)
    assert read_by_ranges(archive) == METADATA
    assert metadata_of_archive(archive, DEMO) == METADATA
    assert peek(archive) == METADATA


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damage_is_noticed(data: st.DataObject) -> None:
    archive = bytearray(build_wheel("demo", "1.0", metadata=METADATA)[1])
    for _ in range(data.draw(st.integers(1, 3))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(max(0, len(archive) - 30), len(archive)))
    assert peek(archive[:end]) in (None, METADATA)
    try:
        found = read_by_ranges(bytes(archive[:end]))
    except ValueError:
        return
    assert found == METADATA
