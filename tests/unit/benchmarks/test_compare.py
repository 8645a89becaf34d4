from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import Difference, compare, read_environment, record_rows

if TYPE_CHECKING:
    from pathlib import Path


def environment(root: Path, installer: str, module: str = "x = 1\n") -> Path:
    site = root / "lib" / "site-packages"
    info = site / "a-1.dist-info"
    for folder in (info, site / "__pycache__", root / "bin"):
        folder.mkdir(parents=True)
    (site / "a.py").write_text(module)
    (site / "__pycache__" / "a.pyc").write_text(installer)
    (info / "INSTALLER").write_text(installer)
    (info / "RECORD").write_text(
        f"a.py,sha256=0,6\r\na-1.dist-info/INSTALLER,sha256={installer},3\r\na-1.dist-info/RECORD,,"
    )
    (root / "bin" / "run").write_text(f"#!{root}/bin/python by {installer}")
    return root


def test_what_says_who_installed_does_not_count(tmp_path: Path) -> None:
    first, second = environment(tmp_path / "1", "uv"), environment(tmp_path / "2", "pip")
    assert compare(read_environment(first), read_environment(second)) == []


def test_contents_modes_and_absence_count(tmp_path: Path) -> None:
    first, second = environment(tmp_path / "1", "uv"), environment(tmp_path / "2", "uv", module="x = 2\n")
    (second / "bin" / "run").chmod(0o755)
    (second / "extra").touch()
    assert compare(read_environment(first), read_environment(second)) == [
        Difference("bin/run", "not the same content or mode"),
        Difference("extra", "only in the second"),
        Difference("lib/site-packages/a.py", "not the same content or mode"),
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("b,sha256=1,2\na,sha256=1,2", ["a,sha256=1,2", "b,sha256=1,2"]),
        ("../../../bin/run,sha256=1,2", ["../../../bin/run,,"]),
        ("__pycache__/a.pyc,,\nx/RECORD,,\nx/INSTALLER,h,3\nx/REQUESTED,h,0", []),
        ('"a,b",h,1', ["a,b,h,1"]),
        ("short", ["short,,"]),
        ("", []),
    ],
)
def test_record_rows(text: str, rows: list[str]) -> None:
    assert record_rows(text) == rows
