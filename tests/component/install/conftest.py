"""What tests of installing and removing share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """Return an environment's directory without any installed distribution, its links resolved."""
    path = tmp_path.resolve() / "env"
    (path / "lib/site").mkdir(parents=True)
    (path / "bin").mkdir()
    return path


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Modes of new files do not depend on who runs the tests."""
    before = os.umask(0o022)
    yield
    os.umask(before)
