"""A fresh place for each functional test: an environment, a home, a store, and an index on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.environments import Environment, Workplace, make_environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment that is only copied."""
    return make_environment(tmp_path_factory.mktemp("template") / "env")


@pytest.fixture
def workplace(tmp_path: Path, template: Environment) -> Workplace:
    """A place to run commands in, with a store of its own."""
    return Workplace(tmp_path / "place", template)
