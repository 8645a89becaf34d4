"""Reports and manifests of a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from asyncpip.commands.download_listing import (
    ListedFile,
    ListedTarget,
    checksums_text,
    list_files,
    report,
    requirements_text,
)
from asyncpip.core.candidates import Candidate
from asyncpip.core.names import Digest, normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.resolution import Resolved
from asyncpip.fetch.archives import StoredArchive

if TYPE_CHECKING:
    from collections.abc import Mapping

A, B = "a" * 64, "b" * 64


def decision(filename: str, *, hashes: Mapping[str, str] | None = None, size: int | None = None) -> Resolved:
    project, version = filename.split("-")[:2]
    name = normalize_name(project)
    file = PageFile(
        filename=filename, url=f"https://user:secret@host/{filename}#x", hashes=dict(hashes or {}), size=size
    )
    candidate = Candidate(name=name, version=Version(version), file=file, tag_rank=0, page_url=None)
    return Resolved(
        name=name,
        choice=candidate,
        requested=True,
        requested_extras=frozenset(),
        dependencies=(),
        wanted_by="",
        requirement_text=name,
    )


def target(python: str, system: str) -> ListedTarget:
    return ListedTarget(label=f"{python} {system}", markers={"python_version": python, "sys_platform": system})


TARGETS = [target(python, system) for python in ("3.10", "3.11") for system in ("linux", "win32")]


def lines(*wanted: tuple[str, tuple[int, ...]]) -> list[str]:
    """Return the pins of files that some of `TARGETS` want."""
    files = [
        ListedFile(
            candidate=candidate,
            filename=filename,
            requested=True,
            targets=numbers,
            size_bytes=1,
            hashes={"sha256": A},
        )
        for filename, numbers in wanted
        if isinstance(candidate := decision(filename).choice, Candidate)
    ]
    text = requirements_text(files, TARGETS)
    return [line.removesuffix(" \\") for line in text.splitlines() if not line.startswith(" ")]


def test_each_file_once_with_what_is_known() -> None:
    both = decision("x-1-py3-none-any.whl", hashes={"sha256": A, "md5": "5"}, size=7)
    other = decision("y-2-py3-none-any.whl", hashes={"sha512": "f"})
    stored = StoredArchive(digest=Digest(B), path="p", size_bytes=9, from_store=False)
    assert isinstance(other.choice, Candidate)
    files = list_files([[both], [other, both]], {other.choice.file.url: stored})
    assert [(each.filename, each.targets, each.size_bytes, dict(each.hashes)) for each in files] == [
        ("x-1-py3-none-any.whl", (0, 1), 7, {"sha256": A, "md5": "5"}),
        ("y-2-py3-none-any.whl", (1,), 9, {"sha256": B, "sha512": "f"}),
    ]
    document = report(files, [target("3.10", "linux")], directory="/d")
    assert document["total_size"] == 16
    assert "secret" not in str(document)
    unknown = list_files([[decision("z-1-py3-none-any.whl")]], {})
    assert report(unknown, [], directory=None)["total_size"] is None
    with pytest.raises(KeyError, match="z-1"):
        requirements_text(unknown, [])
    with pytest.raises(KeyError):
        checksums_text({"z": unknown[0]})


def test_markers_are_the_shortest_that_tell_targets_apart() -> None:
    assert lines(("x-1-py3-none-any.whl", (0, 1, 2, 3))) == ["x==1"]
    assert lines(("x-1-py3-none-any.whl", (1, 3))) == ['x==1 ; sys_platform == "win32"']
    assert lines(("x-1-py3-none-any.whl", (0, 1)), ("x-2-py3-none-any.whl", (2, 3))) == [
        'x==1 ; python_version == "3.10"',
        'x==2 ; python_version == "3.11"',
    ]
    (either,) = lines(("x-1-py3-none-any.whl", (0, 3)))
    assert either.startswith('x==1 ; (python_version == "3.10" and sys_platform == "linux") or (')
    assert either.endswith('(python_version == "3.11" and sys_platform == "win32")')


def test_targets_that_no_marker_tells_apart() -> None:
    twins = [target("3.10", "linux"), target("3.10", "linux")]
    files = list_files([[decision("x-1-cp310-cp310-a.whl", hashes={"sha256": A})], []], {})
    assert requirements_text(files, twins) == f"x==1 \\\n    --hash=sha256:{A}\n"


def test_files_of_one_version_share_a_pin() -> None:
    files = list_files(
        [
            [decision("x-1-cp310-cp310-a.whl", hashes={"sha256": B})],
            [decision("x-1-cp310-cp310-b.whl", hashes={"sha256": A})],
        ],
        {},
    )
    assert requirements_text(files, TARGETS[:2]) == f"x==1 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"
    assert checksums_text({"d/2": files[1], "d/1": files[0]}) == f"{B}  d/1\n{A}  d/2\n"
