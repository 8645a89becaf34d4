"""The builder builds what the specs say, and what they forbid where asked to."""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile

import pytest

from tests.support.wheel_builder import build_metadata, build_sdist, build_wheel, record_digest


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        return {name: reader.read(name) for name in reader.namelist()}


def test_wheel_is_complete() -> None:
    filename, archive = build_wheel(
        "Demo.App",
        "1.0",
        files={"demo.py": "x = 1\n", "odd,name.txt": b""},
        requires=["a>1"],
        requires_python=">=3.8",
        extras={"fast": ["b; python_version > '3'", "c"]},
        entry_points={"console_scripts": ["demo = demo:main"]},
        data={"scripts/run": "#!python\n"},
        tag="py2.py3-none-any",
        build="1x",
        root_is_purelib=False,
        executable=["demo.py"],
        directories=["empty"],
    )
    assert filename == "Demo_App-1.0-1x-py2.py3-none-any.whl"
    content = members(archive)
    info = "Demo_App-1.0.dist-info/"
    assert content["Demo_App-1.0.data/scripts/run"] == b"#!python\n"
    assert b"Root-Is-Purelib: false\nTag: py2-none-any\nTag: py3-none-any\nBuild: 1x\n" in content[info + "WHEEL"]
    assert content[info + "entry_points.txt"] == b"[console_scripts]\ndemo = demo:main\n"
    assert b"""Requires-Dist: b ; (python_version > '3') and extra == "fast"\n""" in content[info + "METADATA"]
    rows = list(csv.reader(io.StringIO(content[info + "RECORD"].decode())))
    assert {row[0] for row in rows} == set(content) - {"empty/"}
    assert [info + "RECORD", "", ""] in rows
    assert ["odd,name.txt", record_digest(b""), "0"] in rows
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        assert reader.getinfo("demo.py").external_attr >> 16 == 0o100755
        assert reader.testzip() is None


def test_same_arguments_same_bytes() -> None:
    assert build_wheel("demo", "1") == build_wheel("demo", "1")
    assert build_sdist("demo", "1") == build_sdist("demo", "1")


def test_broken_wheels() -> None:
    assert "demo-1.dist-info/RECORD" not in members(build_wheel("demo", "1", leave_out=["RECORD"])[1])
    _, archive = build_wheel("demo", "1", raw_members=[("../evil", "x"), ("demo.py", "again")])
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        assert reader.namelist().count("demo.py") == 2
        assert "../evil" in reader.namelist()
    with (
        zipfile.ZipFile(io.BytesIO(build_wheel("demo", "1", bad_crc=["demo.py"])[1])) as reader,
        pytest.raises(zipfile.BadZipFile, match="CRC"),
    ):
        reader.read("demo.py")
    assert members(build_wheel("demo", "1", record_rows=[("a", "b", "c")])[1])["demo-1.dist-info/RECORD"] == b"a,b,c\n"


def test_sdist() -> None:
    filename, archive = build_sdist(
        "demo", "1", requires=["a"], dynamic=["Requires-Dist"], links=[("demo-1/link", "PKG-INFO")]
    )
    assert filename == "demo-1.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames() == ["demo-1/PKG-INFO", "demo-1/pyproject.toml", "demo-1/demo.py", "demo-1/link"]
        info = tar.extractfile("demo-1/PKG-INFO")
        assert info is not None
        assert info.read().decode() == build_metadata(
            "demo", "1", requires=["a"], metadata_version="2.2", more_headers=["Dynamic: Requires-Dist"]
        )
    filename, archive = build_sdist("demo", "1", archive="zip", root="other", pyproject=None)
    assert filename == "demo-1.zip"
    assert sorted(members(archive)) == ["other/PKG-INFO", "other/demo.py"]
