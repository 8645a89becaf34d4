"""What tests of installing and removing share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """Return an environment's directory without any installed distribution, its links resolved."""
    path = tmp_path.resolve() / "env"
    (path / "lib/site").mkdir(parents=True)
    (path / "bin").mkdir()
    return path
