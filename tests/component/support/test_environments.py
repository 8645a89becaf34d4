"""The environments that functional and golden tests run in, and how directories are compared."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.support.environments import (
    Entry,
    Workplace,
    copy_environment,
    make_environment,
    read_record,
    read_tree,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_copy_is_an_environment_of_its_own(tmp_path: Path) -> None:
    copied = copy_environment(make_environment(tmp_path / "one"), tmp_path / "two")
    asked = subprocess.run(
        [copied.python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == str(tmp_path / "two")
    assert copied.distributions() == []


def test_tree_holds_modes_content_and_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "__pycache__").mkdir(parents=True)
    (tmp_path / "a" / "__pycache__" / "x.pyc").write_bytes(b"")
    (tmp_path / "a" / "run").write_bytes(b"x")
    (tmp_path / "a" / "run").chmod(0o754)
    (tmp_path / "link").symlink_to("a")
    tree = read_tree(tmp_path, bytecode=False)
    assert sorted(tree) == ["a", "a/run", "link"]
    assert tree["a/run"] == Entry(0o754, b"x")
    assert tree["link"].content == "a"
    assert "a/__pycache__/x.pyc" in read_tree(tmp_path)


def test_record_is_read_as_csv() -> None:
    assert read_record(b'"a,b.txt",sha256=x,1\r\nRECORD,,\r\n') == [["a,b.txt", "sha256=x", "1"], ["RECORD", "", ""]]


def test_workplace_keeps_the_world_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    environ = Workplace(tmp_path / "place", make_environment(tmp_path / "template")).environ({"EXTRA": "1"})
    assert not environ.keys() & {"PIP_INDEX_URL", "https_proxy", "VIRTUAL_ENV"}
    assert environ["HOME"] == str(tmp_path / "place" / "home")
    assert environ["EXTRA"] == "1"
