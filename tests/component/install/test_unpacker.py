"""Wheels into trees of the store."""

from __future__ import annotations

import os
import random
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.errors import WheelFormatError
from asyncpip.install import archive as archive_module
from asyncpip.install import member_files
from asyncpip.install.manifest import Manifest
from asyncpip.install.member_files import UnpackCancelledError
from asyncpip.install.unpacker import unpack_wheel
from asyncpip.store.store import read_file
from tests.support.stored import open_test_store, snapshot, unpack_into
from tests.support.wheel_builder import build_metadata, build_wheel, record_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("usual_umask")

NOISE = random.Random(3).randbytes(300_000)  # noqa: S311 - noise, not a secret
OPTIONS: dict[str, Any] = {
    "files": {"demo/__init__.py": "X = 1\n", "demo/sub/deep/data.bin": NOISE, "empty.py": ""},
    "data": {
        "scripts/run": "#!python\nprint(1)\n",
        "scripts/plain": "#!/bin/sh\n",
        "data/share/doc.txt": "text",
        "headers/demo.h": "int x;",
        "purelib/extra.py": "Y = 2\n",
    },
    "entry_points": {"console_scripts": ["demo = demo:main"], "gui_scripts": ["demo-gui = demo.gui:App.run"]},
    "executable": ["demo/sub/deep/data.bin", "demo-1.0.data/scripts/run"],
}


def unpack(
    folder: Path, data: bytes, filename: str, *, umask: int = 0o022, cancelled: Callable[[], bool] = lambda: False
) -> Manifest:
    folder.mkdir(exist_ok=True)
    return unpack_wheel(data, filename=filename, digest="d" * 64, staging=str(folder), umask=umask, cancelled=cancelled)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_tree_and_manifest(tmp_path: Path, compression: int) -> None:
    filename, data = build_wheel("demo", "1.0", compression=compression, **OPTIONS)
    manifest = unpack(tmp_path / "t", data, filename)
    again = Manifest.decode(read_file(str(tmp_path / "t" / "manifest")) or b"")
    assert all(
        getattr(again, field) == getattr(manifest, field) for field in (slot.lstrip("_") for slot in Manifest.__slots__)
    )

    assert (manifest.filename, manifest.project, manifest.version) == (filename, "demo", "1.0")
    assert manifest.dist_info == "demo-1.0.dist-info"
    assert manifest.root_is_purelib
    assert manifest.console_scripts == [("demo", "demo", "main")]
    assert manifest.gui_scripts == [("demo-gui", "demo.gui", "App.run")]
    assert manifest.root_directories == ["demo", "demo-1.0.dist-info", "demo/sub", "demo/sub/deep"]

    tree = tmp_path / "t"
    stored = {path: (tree / str(index)).read_bytes() for index, path in enumerate(manifest.root_paths)}
    assert stored.keys() == {
        "demo/__init__.py",
        "demo/sub/deep/data.bin",
        "empty.py",
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/WHEEL",
        "demo-1.0.dist-info/entry_points.txt",
    }
    assert stored["demo/sub/deep/data.bin"] == NOISE
    assert stored["empty.py"] == b""
    assert manifest.root_rows == sorted(
        f"{path},{record_digest(content)},{len(content)}" for path, content in stored.items()
    )
    first = len(manifest.root_paths)
    others = {
        (key, path): ((tree / str(first + index)).read_bytes(), row, rewrite)
        for index, (key, path, row, rewrite) in enumerate(manifest.other_files)
    }
    assert {place: rewrite for place, (_, _, rewrite) in others.items()} == {
        ("scripts", "run"): True,
        ("scripts", "plain"): False,
        ("data", "share/doc.txt"): False,
        ("headers", "demo.h"): False,
        ("purelib", "extra.py"): False,
    }
    assert all(row == f"{record_digest(content)},{len(content)}" for content, row, _ in others.values())
    assert manifest.sizes == [(tree / str(index)).stat().st_size for index in range(manifest.file_count)]
    assert len(os.listdir(tree)) == manifest.file_count + 1
    assert (tree / str(manifest.metadata_index)).read_bytes() == stored["demo-1.0.dist-info/METADATA"]


@pytest.mark.parametrize(
    ("umask", "plain", "executable"),
    [(0o022, 0o644, 0o755), (0o027, 0o640, 0o751), (0o077, 0o600, 0o711), (0o002, 0o664, 0o775)],
)
def test_modes(tmp_path: Path, umask: int, plain: int, executable: int) -> None:
    os.umask(umask)
    filename, data = build_wheel("demo", "1.0", **OPTIONS)
    manifest = unpack(tmp_path / "t", data, filename, umask=umask)
    modes = {
        path: (tmp_path / "t" / str(index)).stat().st_mode & 0o7777 for index, path in enumerate(manifest.root_paths)
    }
    assert modes.pop("demo/sub/deep/data.bin") == executable
    assert set(modes.values()) == {plain}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_large_members_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: int) -> None:
    filename, data = build_wheel("demo", "1.0", compression=compression, **OPTIONS)
    expected = unpack(tmp_path / "whole", data, filename)
    monkeypatch.setattr(member_files, "ONE_SHOT_LIMIT_BYTES", 8)
    monkeypatch.setattr(archive_module, "CHUNK_BYTES", 4096)
    streamed = unpack(tmp_path / "streamed", data, filename)
    assert streamed.encode() == expected.encode()
    assert snapshot(tmp_path / "streamed") == snapshot(tmp_path / "whole")


@pytest.mark.parametrize("large", [False, True])
def test_giving_up_between_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    if large:
        monkeypatch.setattr(member_files, "ONE_SHOT_LIMIT_BYTES", 0)
        monkeypatch.setattr(archive_module, "CHUNK_BYTES", 4096)
    filename, data = build_wheel("demo", "1.0", **OPTIONS)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    with pytest.raises(UnpackCancelledError):
        unpack(tmp_path / "t", data, filename, cancelled=cancelled)
    assert not (tmp_path / "t" / "manifest").exists()
    assert len(os.listdir(tmp_path / "t")) <= 3


def test_files_of_an_earlier_installation_are_left_out(tmp_path: Path) -> None:
    filename, data = build_wheel(
        "demo", "1.0", dist_info_files={"INSTALLER": "pip\n", "REQUESTED": "", "direct_url.json": "{}", "kept": "x"}
    )
    manifest = unpack(tmp_path / "t", data, filename)
    names = {path.rpartition("/")[2] for path in manifest.root_paths if ".dist-info/" in path}
    assert names == {"METADATA", "WHEEL", "kept"}
    assert not any("INSTALLER" in row or "direct_url" in row or "REQUESTED" in row for row in manifest.root_rows)


def test_record_rows(tmp_path: Path) -> None:
    """Wrong hashes are taken over (pip); files without a row get one; rows without a file stay, if they stay inside."""
    rows = [
        ("demo.py", "sha256=wrong", "1"),
        ("gone.py", "sha256=abc", "3"),
        ("../../outside", "", ""),
        ("/absolute", "", ""),
        ("demo-1.0.dist-info/RECORD", "", ""),
    ]
    filename, data = build_wheel("demo", "1.0", files={"demo.py": "X = 1\n"}, record_rows=rows)
    manifest = unpack(tmp_path / "t", data, filename)
    assert manifest.root_rows == [
        "demo-1.0.dist-info/METADATA,,",
        "demo-1.0.dist-info/WHEEL,,",
        "demo.py,sha256=wrong,1",
        "gone.py,sha256=abc,3",
    ]


ODD_NAMES = ["a\tb.py", 'quo"te.py', "com,ma.py", "ünï/çödé.py", "line\u2028separator.py", "\x1c\x1d.py", " blank .py"]


def test_odd_names_survive(tmp_path: Path) -> None:
    filename, data = build_wheel(
        "demo", "1.0", files=dict.fromkeys(ODD_NAMES, "x"), data={f"scripts/{name}": "#!python\n" for name in ODD_NAMES}
    )
    unpack(tmp_path / "t", data, filename)
    manifest = Manifest.decode((tmp_path / "t" / "manifest").read_bytes())
    assert set(ODD_NAMES) <= set(manifest.root_paths)
    assert {path for _, path, _, rewrite in manifest.other_files if rewrite} == set(ODD_NAMES)


def test_a_record_with_nul_is_refused(tmp_path: Path) -> None:
    """No manifest could hold it; pip would write it on."""
    filename, data = build_wheel(
        "demo", "1.0", record_rows=[("gone\0.py", "", ""), ("demo-1.0.dist-info/RECORD", "", "")]
    )
    with pytest.raises(WheelFormatError, match="not a valid wheel"):
        unpack(tmp_path / "t", data, filename)
    assert not (tmp_path / "t" / "manifest").exists()


BROKEN: dict[str, dict[str, Any]] = {
    "traversal": {"raw_members": [("../evil.py", "x")]},
    "absolute": {"raw_members": [("/evil.py", "x")]},
    "backslash": {"raw_members": [("..\\evil.py", "x")]},
    "line break": {"raw_members": [("a\nb.py", "x")]},
    "file and directory": {"raw_members": [("demo.py/below.py", "x")]},
    "twice": {"raw_members": [("demo.py", "x")]},
    "crc": {"bad_crc": ["demo.py"]},
    "crc of METADATA": {"bad_crc": ["demo-1.0.dist-info/METADATA"]},
    "no WHEEL": {"leave_out": ["WHEEL"]},
    "no RECORD": {"leave_out": ["RECORD"]},
    "two dist-info": {"raw_members": [("other-1.0.dist-info/METADATA", "x")]},
    "another name": {"metadata": build_metadata("other", "1.0")},
    "script outside": {"entry_points": {"console_scripts": ["../../evil = demo:main"]}},
}


@pytest.mark.parametrize("options", BROKEN.values(), ids=BROKEN)
def test_broken_wheels_become_no_tree(tmp_path: Path, options: dict[str, Any]) -> None:
    filename, data = build_wheel("demo", "1.0", **options)
    with pytest.raises(WheelFormatError) as caught:
        unpack(tmp_path / "t", data, filename)
    assert filename in caught.value.what
    assert not (tmp_path / "t" / "manifest").exists()
    assert os.listdir(tmp_path) == ["t"]


def test_every_broken_byte_of_a_small_wheel(tmp_path: Path) -> None:
    """Either the same tree, or a refusal: never another error."""
    filename, data = build_wheel("demo", "1.0", files={"demo.py": "X = 1\n"}, compression=zipfile.ZIP_STORED)
    expected = unpack(tmp_path / "whole", data, filename)
    contents = files_of(tmp_path / "whole")
    accepted = 0
    for at in range(0, len(data), 3):
        folder = tmp_path / str(at)
        try:
            manifest = unpack(folder, data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :], filename)
        except WheelFormatError:
            continue
        accepted += 1
        assert manifest.root_paths == expected.root_paths
        assert files_of(folder) == contents
    assert 0 < accepted < len(data) / 6  # times, versions and modes are covered by no check


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest"}


def test_a_directory_in_the_place_of_a_file_is_an_os_error(tmp_path: Path) -> None:
    filename, data = build_wheel("demo", "1.0")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "1").mkdir()
    with pytest.raises(OSError, match="exists"):
        unpack(tmp_path / "t", data, filename)


def test_trees_do_not_depend_on_the_wheel_s_own_times(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    manifest, tree = unpack_into(store, *build_wheel("demo", "1.0"))
    stamp = os.stat(os.path.join(tree, "manifest")).st_mtime_ns
    assert all(os.stat(os.path.join(tree, str(index))).st_mtime_ns <= stamp for index in range(manifest.file_count))
