from __future__ import annotations

import io
import zipfile

import pytest

from benchmarks.upstream import metadata_of_wheel


def wheel(*names: str) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    data.seek(0)
    return data


def test_metadata_of_the_wheel_itself() -> None:
    names = ("a/_vendor/b-1.dist-info/METADATA", "a-1.dist-info/METADATA", "a-1.dist-info/WHEEL")
    assert metadata_of_wheel(wheel(*names)) == b"a-1.dist-info/METADATA"


def test_archive_without_metadata() -> None:
    with pytest.raises(OSError, match="no METADATA"):
        metadata_of_wheel(wheel("a.py"))
