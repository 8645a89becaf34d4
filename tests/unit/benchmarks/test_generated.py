from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import msgspec

from asyncpip.core.metadata import parse_core_metadata
from benchmarks.compare import record_rows
from benchmarks.generated import page_of, wheels_of, write_index
from benchmarks.mirror import Mirror
from benchmarks.requirements import exact_pins
from benchmarks.sets import Generated

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_leads_to_all() -> None:
    metadata = [parse_core_metadata(wheel.metadata) for wheel in wheels_of(Generated(6, 1))]
    required = [str(requirement).partition(">")[0] for one in metadata for requirement in one.requires_dist]
    assert sorted(required) == [f"bench-{number:05}" for number in range(1, 6)]


def test_wheels_hold_as_many_files_as_asked_for_and_are_the_same_each_time() -> None:
    first, second = (next(iter(wheels_of(Generated(1, 250)))) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        names = archive.namelist()
        assert sum(name.endswith(".py") for name in names) == 250
        rows = record_rows(archive.read("bench_00000-1.2.3.dist-info/RECORD").decode())
        assert len(rows) == len(names) - 1
        assert archive.testzip() is None


def test_an_index_is_served_as_a_recorded_one(tmp_path: Path) -> None:
    shape = Generated(3, 2)
    write_index(shape, tmp_path)
    mirror = Mirror(tmp_path)
    for wheel in wheels_of(shape):
        page = mirror.find(f"/simple/{wheel.name}/")
        assert page is not None
        assert msgspec.json.decode(page.body or b"") == page_of(wheel)
        file, metadata = mirror.find(wheel.target), mirror.find(wheel.target + ".metadata")
        assert file is not None
        assert file.body == wheel.content
        assert metadata is not None
        assert metadata.body == wheel.metadata
    locked = (tmp_path / "lock.txt").read_text()
    assert exact_pins(locked) == ["bench-00000==1.2.3", "bench-00001==1.2.3", "bench-00002==1.2.3"]
    assert all(wheel.sha256 in locked for wheel in wheels_of(shape))
