"""The lines of `search` as pip prints them; what is found cannot be compared, since PyPI answers pip no more."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from asyncpip.commands.versions_output import installed_lines, search_lines

if TYPE_CHECKING:
    from tests.golden.twins import Twins

pytestmark = pytest.mark.golden
PIP = """
import json, sys
from types import SimpleNamespace
from pip._internal.commands import search
from pip._internal.utils import logging
hits, width, installed = json.loads(sys.argv[1])
lines = []
def write(text, *values):
    lines.append(" " * logging.get_indentation() + (text % values if values else text))
search.write_output = write
search.get_installed_distribution = lambda name: SimpleNamespace(version=installed) if installed else None
search.print_results(hits, terminal_width=width)
print("\\n".join(lines))
"""
RESULTS = {
    ("requests", "2.34.2"): "Python HTTP for Humans.",
    ("a", "1"): "",
    (
        "pre",
        "3.0rc1",
    ): "A release candidate, with a summary that does not fit into one line of a terminal of eighty columns.",
}


@pytest.mark.parametrize("installed", [None, "1.0"])
@pytest.mark.parametrize("width", [None, 20, 40, 80, 200])
def test_lines(width: int | None, installed: str | None) -> None:
    hits = [{"name": name, "summary": text, "versions": ["0.1", version]} for (name, version), text in RESULTS.items()]
    done = subprocess.run(
        [sys.executable, "-c", PIP, json.dumps([hits, width, installed])], capture_output=True, text=True, check=True
    )
    lines = []
    for (_, version), line in zip(RESULTS, search_lines(RESULTS, width), strict=True):
        lines += [line, *installed_lines(Version(version), installed)]
    assert done.stdout == "\n".join([*lines, ""])


def test_without_a_query(twins: Twins) -> None:
    pair = twins.check_command("search", code=1)
    assert pair.ours.outcome.stderr == pair.pip.outcome.stderr
