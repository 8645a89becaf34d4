"""Every line of the reference about `download` and `wheel`, and what it installs from their directories."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.environments import Workplace
    from tests.support.index_server import IndexServer

PAIRS = [
    (
        "pip download --dest /tmp/wheels -r requirements.txt",
        "pip install --no-index --find-links /tmp/wheels -r requirements.txt",
    ),
    (
        "pip wheel --wheel-dir=/tmp/wheels -r requirements.txt",
        "pip install --no-index --find-links=/tmp/wheels -r requirements.txt",
    ),
]


@pytest.mark.parametrize(("fills", "installs"), PAIRS)
def test_lines(workplace: Workplace, index_server: IndexServer, fills: str, installs: str) -> None:
    index_server.add_wheel("leaf", "1.0")
    index_server.add_wheel("app", "1.0", requires=["leaf"])
    (workplace.work / "requirements.txt").write_text("app\n")

    def run(line: str, *more: str) -> None:
        arguments = [
            word.replace("/tmp/wheels", str(workplace.work / "wheels"))  # noqa: S108 - the line's own
            for word in shlex.split(line)[1:]
        ]
        outcome = workplace.asyncpip(*arguments, *more)
        assert outcome.code == 0, outcome.text

    run(fills, "-i", index_server.index_url)
    run(installs)
    assert workplace.environment.distributions() == ["app-1.0", "leaf-1.0"]
