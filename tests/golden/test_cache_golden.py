"""`cache` against pip, in a cache directory that pip has filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted

if TYPE_CHECKING:
    from tests.golden.twins import Pair, Twins

pytestmark = pytest.mark.golden

FILES = {
    "cache/http-v2/a/b/c/abc": "x" * 20_000,
    "cache/http-v2/a/b/c/abc.body": "x" * 1500,
    "cache/http/1/2/12": "x" * 500,
    "cache/wheels/aa/bb/cc/Demo-1.0-py3-none-any.whl": "x" * 2_345_678,
    "cache/wheels/aa/bb/cc/origin.json": "{}",
    "cache/wheels/aa/bb/dd/demo_two-2.0-py3-none-any.whl": "x" * 123,
    "cache/wheels/ee/ff/gg/other-1.0-cp311-cp311-linux_x86_64.whl": "x",
    "cache/selfcheck.json": "{}",
    "cache/foreign.txt": "not of pip",
}


def check(twins: Twins, line: str, *wanted: Wanted, code: int = 0) -> Pair:
    return twins.check_command(line, *wanted, code=code, PIP_CACHE_DIR=twins.fill("{work}/cache"), PIP_NO_CACHE_DIR="")


LOOKING = """\
cache dir
cache list
cache list --format human
cache list --format=abspath
cache list Demo
cache list 'demo*'
cache list demo_two-2
cache list '*-1.0-*'
cache list missing
cache list missing --format=abspath
cache -q list
"""
REMOVING = """\
cache remove Demo
cache remove demo_two
cache remove 'demo_two-*'
cache remove '*-1.0'
cache remove missing
cache remove '*'
cache purge
cache purge -q
"""
WRONG = """\
cache
cache drop
cache dir x
cache info x
cache list a b
cache remove
cache remove a b
cache purge x
cache dir --no-cache-dir
cache list --cache-dir ''
"""


@pytest.mark.parametrize("line", LOOKING.splitlines())
@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_looking(twins: Twins, line: str, filled: bool) -> None:
    twins.write(FILES if filled else {})
    check(twins, line)


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_info(twins: Twins, filled: bool) -> None:
    twins.write(FILES if filled else {})
    check(twins, "cache info", Wanted.COUNTS_THE_STORE)


@pytest.mark.parametrize("line", REMOVING.splitlines())
@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_removing(twins: Twins, line: str, filled: bool) -> None:
    twins.write(FILES if filled else {})
    check(twins, line)


@pytest.mark.parametrize("line", WRONG.splitlines())
def test_wrong(twins: Twins, line: str) -> None:
    check(twins, line, code=1)
