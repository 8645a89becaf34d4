"""Inputs that made readers fail otherwise than by their own error; most were found by fuzzing."""

from __future__ import annotations

import base64

import pytest
from packaging.utils import NormalizedName

from asyncpip.core.requirement import Origin
from asyncpip.errors import RequirementError
from asyncpip.index.page import JSON_TYPE, parse_page
from asyncpip.index.ranges import metadata_of_archive
from asyncpip.resolve.requirement_text import PathKind, parse_requirement_text

pytestmark = pytest.mark.property
DEMO = NormalizedName("demo")


@pytest.mark.parametrize(
    "data", ["UEsGB0ErUEsFBgAAAP//UEsBAv////////////8xAAAA", "UEsGB1BLBQYAAP//////////////////////////AAA="]
)
def test_tails_with_half_a_zip64_locator(data: str) -> None:
    with pytest.raises(ValueError, match=r"archive|directory"):
        metadata_of_archive(base64.b64decode(data), DEMO)


def test_an_entry_that_is_not_utf_8_in_a_place_that_is_read_late() -> None:
    entry = (
        b'{"filename": "demo-1.0-py3-none-any.whl", "url": "demo-1.0-py3-none-any.whl", "hashes": {"sha256": "\xfe"}}'
    )
    page = parse_page(b'{"files": [' + entry + b"]}", content_type=JSON_TYPE, url="https://i.test/demo/", project=DEMO)
    assert list(page.files("1.0")) == []


def test_versions_with_more_digits_than_python_reads() -> None:
    name = f"demo-{'9' * 5000}-py3-none-any.whl"
    entry = b'{"filename": "%s", "url": "x", "hashes": {}}' % name.encode()
    page = parse_page(b'{"files": [' + entry + b"]}", content_type=JSON_TYPE, url="https://i.test/demo/", project=DEMO)
    assert (list(page.versions), page.left_out) == ([], 1)


@pytest.mark.parametrize("editable", [False, True])
@pytest.mark.parametrize("url", ["git+\0https://h.test/r#egg=x", "git+ ://h#egg=x", "hg+\0\0://"])
def test_schemes_with_blanks_and_nuls(url: str, editable: bool) -> None:
    with pytest.raises(RequirementError):
        parse_requirement_text(url, origin=Origin(), cwd="/", exists=lambda _: PathKind.MISSING, editable=editable)
