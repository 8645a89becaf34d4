from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from asyncpip.commands.config_files import ConfigurationScope, check_change, write_configuration
from asyncpip.environment.configuration import parse_configuration
from asyncpip.errors import CommandError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_global_file(tmp_path: Path) -> None:
    """The one test that changes a global file: its place is the test's own."""
    etc = tmp_path / "etc"
    environ = {"XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
    scope = ConfigurationScope(environ, python=None, isolated=False, scope="global", etc=str(etc))
    path = scope.file_to_change()
    assert path == str(etc / "pip.conf")
    write_configuration(path, "[global]\ntimeout = 1\n")
    (tmp_path / "xdg" / "pip").mkdir(parents=True)
    (tmp_path / "xdg" / "pip" / "pip.conf").write_text("[global]\nretries = 2\n")
    assert [(each.key, each.value) for each in scope.entries()] == [("retries", "2"), ("timeout", "1")]
    assert scope.file_to_change("global.retries") == str(tmp_path / "xdg" / "pip" / "pip.conf")
    assert scope.file_to_change("global.missing") == path


def test_a_link_stays_one_and_so_does_the_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "pip.conf", tmp_path / "pip.conf"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_configuration(str(link), "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600
    assert os.listdir(real.parent) == ["pip.conf"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "pip.conf", tmp_path):
        with pytest.raises(CommandError, match="An error occurred while writing to the configuration file"):
            write_configuration(str(path), "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert not list(tmp_path.parent.glob("*.part"))


def test_a_value_that_would_be_read_as_more_is_refused() -> None:
    before = parse_configuration("[global]\nx = 0\n", "f")
    with pytest.raises(CommandError):
        check_change("f", before, "[global]\nx = 1\nz = 2\n", key="global.x", value="1\nz = 2")
