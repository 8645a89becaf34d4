"""What the parts of the work cost."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from benchmarks import floors, report
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_members_are_what_a_zip_reader_finds() -> None:
    _, archive = build_wheel("demo", "1.0", files={"demo/a.py": "x = 1\n" * 100, "demo/empty": ""})
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        expected = [opened.read(entry) for entry in opened.infolist()]
    assert [bytes(floors._content(member)) for member in floors._members(archive)] == expected


def test_files_are_written_linked_and_removed(tmp_path: Path) -> None:
    _, archive = build_wheel("demo", "1.0", files={"demo/a.py": "x"})
    members = floors._members(archive)
    found = floors._files(members, tmp_path)
    assert [floor.what for floor in found] == [
        "inflate the members of the wheels",
        "write them to new files",
        "link these",
        "remove the links",
    ]
    assert all(floor.seconds > 0 and str(len(members)) in floor.amount for floor in found)
    assert sorted(path.read_bytes() for path in (tmp_path / "store").iterdir()) == sorted(
        bytes(floors._content(member)) for member in members
    )
    assert not any(path.iterdir() for path in tmp_path.glob("tree-*") if any(path.iterdir()))


def test_remarks_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "RESULTS.md"
    table.write_text("# Results\n\n## Floors\n\nold\n\n### What was tried\n\nthis\n\n## one\n\nlanes\n", "utf-8")
    for module in (report, floors):
        monkeypatch.setattr(module, "TABLE", table)
    monkeypatch.setattr(floors, "write_json", lambda *_: None)
    floors.write_floors({"date": "today"}, [floors.Floor("start", "1", 0.0125)], with_table=True)
    text = table.read_text("utf-8")
    assert "old" not in text
    assert "| start | 1 | 12 ms |" in text
    assert text.index("## one") < text.index("## Floors") < text.index("### What was tried\n\nthis")
