from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncpip.core.lean_json import parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(VALUES, st.sampled_from([None, 2]))
def test_what_json_writes_is_read(value: Any, indent: int | None) -> None:
    assert parse_json(json.dumps(value, indent=indent)) == value


@pytest.mark.parametrize("text", ["", " ", "{", "[1,]", "nul", "{} {}", '"', "'a'", '"\n"'])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)


def test_without_the_scanner_of_cpython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    assert parse_json('{"a": [1, 2.5, "x"]}\n') == {"a": [1, 2.5, "x"]}


def test_damaged_text_where_the_package_was_never_imported() -> None:
    code = (
        "import sys; assert 'json' not in sys.modules\n"
        "from asyncpip.core.lean_json import parse_json\n"
        "try: parse_json('[1,]')\n"
        "except ValueError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
