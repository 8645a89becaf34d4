"""The installation report."""

from __future__ import annotations

import json

import pytest
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectUrl
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.metadata_json import metadata_to_json
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.resolution import Resolved
from asyncpip.install.plan import InstallPlan
from asyncpip.install.report import format_report, installation_report

NAME = normalize_name("foo")
METADATA = """\
Metadata-Version: 2.1
Name: foo
Version: 1.0
Summary: Größe
Keywords: a, b c
License: Line one
        line two
Classifier: A
Classifier: B
Requires-Dist: bar>=1 ; extra == 'x'
Project-URL: Home, https://h
Unknown-Field: x

# Foo

Text.
"""


def report(
    *, direct: DirectUrl | None = None, requested: bool = True, extras: tuple[str, ...] = ()
) -> dict[str, object]:
    file = PageFile(
        filename="foo-1.0-py3-none-any.whl",
        url="https://user:secret@h/foo-1.0-py3-none-any.whl",
        hashes={"md5": "m", "sha256": "s"},
        yanked="why",
    )
    decision = Resolved(
        name=NAME,
        choice=Candidate(name=NAME, version=Version("1.0"), file=file, tag_rank=0, page_url=None, direct_url=direct),
        requested=requested,
        requested_extras=frozenset(extras),
        dependencies=(),
        wanted_by="",
        requirement_text="foo",
    )
    plan = InstallPlan(add=(decision,), remove=(), keep=())
    made = installation_report(plan, {NAME: b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"}, {"os_name": "posix"})
    result: dict[str, object] = json.loads(format_report(made))
    return result


def test_report_of_an_index_file() -> None:
    made = report(extras=("b", "a"))
    assert list(made) == ["version", "pip_version", "installer", "install", "environment"]
    assert (made["version"], made["pip_version"], made["environment"]) == ("1", "26.3", {"os_name": "posix"})
    assert made["install"] == [
        {
            "download_info": {
                "url": "https://h/foo-1.0-py3-none-any.whl",
                "archive_info": {"hash": "sha256=s", "hashes": {"sha256": "s"}},
            },
            "is_direct": False,
            "is_yanked": True,
            "requested": True,
            "metadata": {"metadata_version": "2.1", "name": "foo", "version": "1.0"},
            "requested_extras": ["a", "b"],
        }
    ]


def test_report_of_a_direct_reference() -> None:
    made = report(direct=DirectUrl(url="file:///x.whl", info=ArchiveInfo()), requested=False, extras=("a",))
    assert isinstance(made["install"], list)
    (entry,) = made["install"]
    assert entry["download_info"] == {"url": "file:///x.whl", "archive_info": {}}
    assert (entry["is_direct"], entry["requested"]) == (True, False)
    assert "requested_extras" not in entry


def test_only_candidates_are_reported() -> None:
    there = InstalledDistribution(
        name=NAME,
        raw_name="foo",
        version="1",
        location="/",
        info_path="/",
        requires_dist=(),
        requires_python=None,
        provides_extra=(),
    )
    decision = Resolved(
        name=NAME,
        choice=there,
        requested=True,
        requested_extras=frozenset(),
        dependencies=(),
        wanted_by="",
        requirement_text="foo",
    )
    with pytest.raises(TypeError, match="installed already"):
        installation_report(InstallPlan(add=(decision,), remove=(), keep=()), {NAME: b""}, {})


def test_metadata() -> None:
    assert metadata_to_json(METADATA.encode()) == {
        "metadata_version": "2.1",
        "name": "foo",
        "version": "1.0",
        "summary": "Größe",
        "keywords": ["a", "b c"],
        "license": "Line one\nline two",
        "classifier": ["A", "B"],
        "requires_dist": ["bar>=1 ; extra == 'x'"],
        "project_url": ["Home, https://h"],
        "description": "# Foo\n\nText.\n",
    }


@pytest.mark.parametrize(("keywords", "expected"), [("a b", ["a", "b"]), ("a,b", ["a", "b"]), ("", [])])
def test_keywords(keywords: str, expected: list[str]) -> None:
    assert metadata_to_json(f"Name: x\nKeywords: {keywords}\n\n".encode()) == {"name": "x", "keywords": expected}


def test_description_of_a_header() -> None:
    assert metadata_to_json(b"Name: x\nDescription: short\n") == {"name": "x", "description": "short"}
