from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from asyncpip.commands.whole_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_file(tmp_path: Path) -> None:
    write_whole(str(tmp_path / "new.txt"), "a\né", encoding="utf-8")
    assert (tmp_path / "new.txt").read_bytes() == "a\né".encode()
    assert os.listdir(tmp_path) == ["new.txt"]


def test_mode_and_link_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.txt"
    real.write_text("old")
    real.chmod(0o600)
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    write_whole(str(link), "new")
    assert link.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o600)


def test_a_text_that_cannot_be_encoded_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(str(path), "é", encoding="ascii")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.txt"]


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    write_whole(os.devnull, "x")
    with pytest.raises(OSError):  # noqa: PT011 - whichever the system says
        write_whole(str(tmp_path), "x")
    with pytest.raises(FileNotFoundError):
        write_whole(str(tmp_path / "missing" / "x"), "x")
