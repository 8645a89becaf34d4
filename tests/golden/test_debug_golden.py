"""`debug` against pip: what both tell of interpreter, target and tags."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.golden.twins import verbatim

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.environments import Outcome

pytestmark = pytest.mark.golden

TOLD_BY_BOTH = ("sys.version:", "sys.getdefault", "sys.getfile", "locale.", "sys.platform:", "sys.impl", "REQ", "CURL")


def said(outcome: Outcome) -> list[str]:
    """Return the lines that both tell; the others are of pip's own libraries, and of ours."""
    lines = verbatim(outcome)
    tags = next((number for number, line in enumerate(lines) if line.startswith("Compatible tags: ")), len(lines))
    return [line for line in lines[:tags] if line.startswith((*TOLD_BY_BOTH, "  name: "))] + lines[tags:]


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--verbose",
        "-q",
        "--platform linux_x86_64",
        "--platform manylinux2014_x86_64 --platform linux_x86_64 --abi cp39 --python-version 39 --implementation cp",
        "--python-version 3.8",
        "--python-version 3 -v",
        "--abi none --abi cp310",
    ],
)
def test_debug(twins: Twins, options: str) -> None:
    twins.check_command(f"debug {options}", said=said, REQUESTS_CA_BUNDLE="/some/bundle.pem", CURL_CA_BUNDLE="")


def test_what_only_asyncpip_tells(twins: Twins) -> None:
    twins.write({"named.conf": "[install]\ncert = x.pem\n"})
    outcome = twins.run_command("debug", PIP_CONFIG_FILE=twins.fill("{work}/named.conf")).ours.outcome
    assert re.search("'cert' config value: (global, )?install\n", outcome.stdout)  # the machine's own file counts too
    assert f"target prefix: {twins.workplace.environment.directory} (virtual environment)\n" in outcome.stdout
    assert f"sys.executable: {sys.executable}\n" in outcome.stdout
    assert "\n  packaging==" in outcome.stdout
