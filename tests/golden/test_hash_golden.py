"""`hash` against pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted

if TYPE_CHECKING:
    from tests.golden.twins import Twins

pytestmark = pytest.mark.golden


@pytest.mark.parametrize(
    "line",
    [
        "hash a.whl",
        "hash a.whl {work}/b.tar.gz ./a.whl",
        "hash -a sha512 a.whl",
        "hash --algorithm=sha384 a.whl",
        "hash -q a.whl",
        "hash -v a.whl",
        "hash --require-virtualenv a.whl",
    ],
)
def test_hash(twins: Twins, line: str) -> None:
    twins.write({"a.whl": b"content" * 100_000, "b.tar.gz": ""})
    twins.check_command(line)


def test_no_file_named(twins: Twins) -> None:
    twins.check_command("hash", code=1)


@pytest.mark.parametrize("line", ["hash missing.whl", "hash directory"])
def test_unreadable(twins: Twins, line: str) -> None:
    twins.write({"directory/x": ""})
    twins.check_command(line, Wanted.NO_TRACEBACK, code=1)


def test_weak_algorithm(twins: Twins) -> None:
    twins.check_command("hash -a md5 x", code=2)
