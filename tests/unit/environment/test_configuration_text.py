from __future__ import annotations

import pytest

from asyncpip.environment.configuration_text import with_value, without_key

FULL = """\
# of the whole file
[global]
; why it is slow
Timeout: 60
index_url = https://a
    # in between
    https://b

find-links =
    one

    two
# behind

[install]
no-compile=yes
"""


@pytest.mark.parametrize(
    ("section", "key", "value", "old", "new"),
    [
        ("global", "timeout", "5", "Timeout: 60\n", "Timeout: 5\n"),
        ("global", "index-url", "c", "https://a\n    # in between\n    https://b\n", "c\n    # in between\n"),
        ("global", "find-links", "x\ny", "\n    one\n\n    two\n", " x\n\ty\n\n"),
        ("global", "new", "1", "    two\n", "    two\nnew = 1\n"),
        ("install", "new", "1", "no-compile=yes\n", "no-compile=yes\nnew = 1\n"),
        ("install", "no-compile", "", "no-compile=yes\n", "no-compile= \n"),
        ("list", "format", "json", "no-compile=yes\n", "no-compile=yes\n\n[list]\nformat = json\n\n"),
    ],
)
def test_with_value(section: str, key: str, value: str, old: str, new: str) -> None:
    assert old in FULL
    assert with_value(FULL, section, key, value) == FULL.replace(old, new)


@pytest.mark.parametrize(
    ("section", "key", "old"),
    [
        ("global", "timeout", "Timeout: 60\n"),
        ("global", "find-links", "find-links =\n    one\n"),
        ("install", "no-compile", "[install]\nno-compile=yes\n"),
    ],
)
def test_without_key(section: str, key: str, old: str) -> None:
    expected = FULL.replace(old, "").replace("    two\n", "" if key == "find-links" else "    two\n")
    assert without_key(FULL, section, key) == expected


@pytest.mark.parametrize("text", ["", "\n", "# only this", "[global]", "[global]\n", "[other]\nx = 1"])
def test_beginnings(text: str) -> None:
    changed = with_value(text, "global", "timeout", "1")
    assert "timeout = 1\n" in changed
    assert text.strip() in changed
    assert changed.count("[global]") == 1


def test_line_ends_stay() -> None:
    text = "[global]\r\n# why\r\ntimeout = 1\r\n"
    assert with_value(text, "global", "retries", "2") == "[global]\r\n# why\r\ntimeout = 1\r\nretries = 2\r\n"
    assert without_key(text, "global", "timeout") == "[global]\r\n# why\r\n"


def test_a_section_with_comments_stays() -> None:
    assert without_key("[a]\n# why\nx = 1\n\n[b]\ny = 1\n", "a", "x") == "[a]\n# why\n\n[b]\ny = 1\n"
    assert without_key("[a]\nx = 1\n\n[b]\ny = 1\n", "a", "x") == "[b]\ny = 1\n"
