"""Real virtual environments and interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def make_venv(directory: Path, *options: str, python: str = sys.executable) -> Path:
    subprocess.run([python, "-m", "venv", "--without-pip", *options, str(directory)], check=True)
    return directory


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain virtual environment that no test changes."""
    return make_venv(tmp_path_factory.mktemp("plain") / "venv")


@pytest.fixture(scope="session")
def wide_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that also sees its base's packages."""
    return make_venv(tmp_path_factory.mktemp("wide") / "venv", "--system-site-packages")


def other_pythons() -> list[str]:
    """Return the interpreters that pyenv holds on this machine."""
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    return sorted(str(path) for path in versions.glob("*/bin/python"))


def supported_pythons() -> list[str]:
    return [path for path in other_pythons() if _minor(path) >= (3, 8)]


def unsupported_pythons() -> list[str]:
    return [path for path in other_pythons() if _minor(path) < (3, 8)]


def _minor(path: str) -> tuple[int, ...]:
    return tuple(int(part) for part in Path(path).parents[1].name.split(".")[:2] if part.isdecimal())
