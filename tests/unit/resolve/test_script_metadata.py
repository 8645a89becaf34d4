"""Inline script metadata (PEP 723)."""

from __future__ import annotations

import pytest

from asyncpip.errors import RequirementError
from asyncpip.resolve.script_metadata import parse_script_metadata

SCRIPT = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "flask<4",
#
#   "rich",
# ]
# ///

import flask
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_block(ending: str) -> None:
    metadata = parse_script_metadata(SCRIPT.replace("\n", ending), "a.py")
    assert metadata.dependencies == ("flask<4", "rich")
    assert str(metadata.requires_python) == ">=3.11"


def test_nothing_is_demanded() -> None:
    metadata = parse_script_metadata("# /// script\n# [tool.x]\n# ///", "a.py")
    assert (metadata.dependencies, metadata.requires_python) == ((), None)
    metadata.check_python("3.6.0")


def test_a_block_ends_at_its_last_closing_line() -> None:
    text = "# /// script\n# dependencies = ['''\n# ///\n# ''']\n# ///\n# more\n"
    assert parse_script_metadata(text, "a.py").dependencies == ("///\n",)


def test_other_blocks_do_not_count() -> None:
    text = "# /// other\n# a = 1\n# ///\n\n# /// open\n# a = 1\n\n# /// script\n# ///\n\n# /// script\n#\n# ///\n"
    assert parse_script_metadata(text, "a.py").dependencies == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import x\n", "File does not contain 'script' metadata: 'a.py'"),
        (" # /// script\n # ///\n", "File does not contain 'script' metadata: 'a.py'"),
        (SCRIPT + SCRIPT, "Multiple 'script' blocks found in 'a.py'"),
        ("# /// script\n# = x\n# ///\n", "Failed to parse TOML in 'a.py'"),
        ("# /// script\n# dependencies = 'x'\n# ///\n", "Invalid 'script' metadata in 'a.py'"),
        ("# /// script\n# dependencies = [1]\n# ///\n", "Invalid 'script' metadata in 'a.py'"),
        ("# /// script\n# requires-python = 'x'\n# ///\n", "Invalid 'script' metadata in 'a.py'"),
        ("# /// script\n# requires-python = 3.11\n# ///\n", "Invalid 'script' metadata in 'a.py'"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse_script_metadata(text, "a.py")
    assert caught.value.what == message


@pytest.mark.parametrize("version", ["3.11.0", "3.14.0rc1", "3.12.1+"])
def test_python_fits(version: str) -> None:
    parse_script_metadata(SCRIPT, "a.py").check_python(version)


def test_python_does_not_fit() -> None:
    with pytest.raises(RequirementError) as caught:
        parse_script_metadata(SCRIPT, "a.py").check_python("3.10.2")
    assert caught.value.what == "Script 'a.py' requires a different Python: 3.10.2 not in '>=3.11'"
