"""The table of wanted differences holds nothing that no test meets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.golden.differences import Wanted

USED = "\n".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*_golden*.py")))


@pytest.mark.parametrize("wanted", Wanted, ids=lambda wanted: wanted.name)
def test_difference_is_met_and_explained(wanted: Wanted) -> None:
    assert re.search(rf"Wanted\.{wanted.name}\b", USED)
    assert len(wanted.value.reason.split()) > 4
    assert not re.match(wanted.value.pattern, "exit code: pip 0, asyncpip 2")
