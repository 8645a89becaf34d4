from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.run import Launcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


def test_child_is_measured_with_its_own_children(launcher: Launcher, tmp_path: Path) -> None:
    work = "sum(range(3_000_000)); bytearray(b'x' * 60_000_000); print('done', file=__import__('sys').stderr); exit(3)"
    child = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {work!r}]))"
    found = launcher.measure([sys.executable, "-c", child], tmp_path, tmp_path / "log", {"X": "1"})
    assert found.exit_code == 3
    assert found.user_seconds > 0.01
    assert found.peak_bytes > 60_000_000
    assert (tmp_path / "log").read_text() == "done\n"


def test_memory_of_the_harness_is_not_counted(launcher: Launcher, tmp_path: Path) -> None:
    ballast = b"x" * 200_000_000
    found = launcher.measure(["/bin/sh", "-c", "exit 0"], tmp_path, tmp_path / "log", {})
    assert found.peak_bytes < len(ballast) // 4


def test_environment_is_clean(launcher: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "somewhere")
    monkeypatch.setenv("UV_OFFLINE", "1")
    launcher.measure(["/usr/bin/env"], tmp_path, tmp_path / "log", {"TMPDIR": str(tmp_path)})
    variables = dict(line.split("=", 1) for line in (tmp_path / "log").read_text().splitlines() if "=" in line)
    assert not {"PIP_FIND_LINKS", "UV_OFFLINE", "PYTHONDONTWRITEBYTECODE"} & set(variables)
    assert variables["PIP_CONFIG_FILE"] == os.devnull
    assert variables["TMPDIR"] == str(tmp_path)
