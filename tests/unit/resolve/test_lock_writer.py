"""What a lock file holds of a resolution, and its text."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import TYPE_CHECKING, cast

import pytest
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, DirectUrl, VcsInfo
from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.page import PageFile
from asyncpip.core.resolution import Resolved
from asyncpip.index.links_page import LinksPage
from asyncpip.resolve.lock_text import lock_text
from asyncpip.resolve.lock_writer import lock_of, needs_digest, package_of
from asyncpip.resolve.selection import FormatControl, Selection

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from asyncpip.core.page import ProjectPage

NAME = cast("NormalizedName", "demo")
SELECTION = Selection(tags=("py3-none-any",), python_full_version="3.11.0")


def file(filename: str, **options: object) -> PageFile:
    options.setdefault("hashes", {"sha256": f"{sum(filename.encode()):064x}", "md5": "0" * 32})
    return PageFile(filename=filename, url=f"https://user:secret@h/{filename}", **options)  # type: ignore[arg-type]  # fields of the struct


def page(*files: PageFile) -> ProjectPage:
    found = LinksPage("https://h/", "https://h/", list(files)).for_project(NAME)
    assert found is not None
    return found


def decision(chosen: PageFile, *, direct: DirectUrl | None = None) -> Resolved:
    candidate = Candidate(
        name=NAME,
        version=Version("1.0"),
        file=chosen,
        tag_rank=0 if chosen.is_wheel else None,
        page_url=None if direct else "https://h/",
        direct_url=direct,
    )
    return Resolved(
        name=NAME,
        choice=candidate,
        requested=True,
        requested_extras=frozenset(),
        dependencies=(),
        wanted_by="",
        requirement_text="demo",
    )


def package(
    decided: Resolved,
    *pages: ProjectPage,
    allowed: AllowedHashes = NO_HASHES,
    selection: Selection = SELECTION,
    known: dict[NormalizedName, dict[str, str]] | None = None,
) -> Package:
    return package_of(
        decided,
        pages=pages,
        allowed=allowed,
        selection=selection,
        known=known or {},
        path_for=lambda url: url.removeprefix("file:///base/") if url.startswith("file:///base/") else "../x",
    )


CHOSEN = file("demo-1.0-py3-none-any.whl", size=7, upload_time="2024-01-02T03:04:05.600000Z")
OTHERS = (
    file("demo-1.0-cp311-cp311-win_amd64.whl", upload_time="2024-02-01T00:00:00Z"),
    file("demo-1.0-2-py3-none-any.whl", yanked=True),
    file("demo-1.0.0-py2-none-any.whl", hashes={"md5": "0" * 32}),
    file("demo-1.0.0-cp39-cp39-linux_x86_64.whl"),
    file("demo-1.1-py3-none-any.whl"),
    file("demo-1.0.tar.gz"),
)


def names(entry: Package) -> list[str]:
    return [wheel.filename for wheel in entry.wheels or ()]


def test_all_wheels_of_the_release() -> None:
    entry = package(decision(CHOSEN), page(CHOSEN, *OTHERS))
    assert names(entry) == [
        "demo-1.0-cp311-cp311-win_amd64.whl",
        "demo-1.0-py3-none-any.whl",
        "demo-1.0.0-cp39-cp39-linux_x86_64.whl",
    ]
    assert entry.sdist is None
    chosen = (entry.wheels or ())[1]
    assert chosen.url == "https://h/demo-1.0-py3-none-any.whl"
    assert (chosen.size, list(chosen.hashes)) == (7, ["sha256"])
    assert chosen.upload_time == dt.datetime(2024, 1, 2, 3, 4, 5, 600000, tzinfo=dt.UTC)


def test_options_exclude_wheels() -> None:
    early = Selection(tags=(), python_full_version="3.11.0", uploaded_prior_to=dt.datetime(2024, 1, 15, tzinfo=dt.UTC))
    assert names(package(decision(CHOSEN), page(CHOSEN, *OTHERS), selection=early)) == [CHOSEN.filename]
    allowed = [("sha256", each.hashes["sha256"]) for each in (CHOSEN, OTHERS[0])]
    for count in (1, 2):
        entry = package(decision(CHOSEN), page(CHOSEN, *OTHERS), allowed=AllowedHashes.of(allowed[:count]))
        assert len(names(entry)) == count


def test_a_page_of_another_place_has_no_part_in_it() -> None:
    elsewhere = LinksPage("https://other/", "https://other/", [OTHERS[0]]).for_project(NAME)
    assert elsewhere is not None
    assert names(package(decision(CHOSEN), elsewhere)) == [CHOSEN.filename]


def test_a_yanked_release_is_locked_with_yanked_wheels() -> None:
    chosen, other = (file(f"demo-1.0-{tag}.whl", yanked="bad") for tag in ("py3-none-any", "py2-none-any"))
    assert len(names(package(decision(chosen), page(chosen, other)))) == 2


def test_a_source_and_its_wheels() -> None:
    sdist = file("demo-1.0.tar.gz")
    entry = package(decision(sdist), page(sdist, OTHERS[0]))
    assert entry.sdist is not None
    assert entry.sdist.filename == "demo-1.0.tar.gz"
    assert names(entry) == [OTHERS[0].filename]
    no_wheels = Selection(tags=(), python_full_version="3.11.0", formats=FormatControl.of([("no-binary", "demo")]))
    assert names(package(decision(sdist), page(sdist, OTHERS[0]), selection=no_wheels)) == []


def test_digests_that_no_index_gives() -> None:
    bare = file("demo-1.0-py3-none-any.whl", hashes={"md5": "0" * 32})
    assert needs_digest(decision(bare))
    assert not needs_digest(decision(CHOSEN))
    entry = package(decision(bare), known={NAME: {"sha256": "a" * 64}})
    assert (entry.wheels or ())[0].hashes == {"sha256": "a" * 64}


@pytest.mark.parametrize(
    ("url", "path", "kept"),
    [("file:///base/w/x.whl", "w/x.whl", None), ("file:///elsewhere/x.whl", None, "file:///elsewhere/x.whl")],
)
def test_files_below_the_lock_file_have_paths(url: str, path: str | None, kept: str | None) -> None:
    direct = DirectUrl(url=url, info=ArchiveInfo())
    entry = package(decision(CHOSEN, direct=direct)).archive
    assert entry is not None
    assert (entry.path, entry.url) == (path, kept)


def test_directories_and_checkouts() -> None:
    tree = PageFile(filename="demo", url="file:///base/demo")
    local = DirectUrl(url="file:///base/demo", info=DirectoryInfo(editable=True))
    assert not needs_digest(decision(tree, direct=local))
    directory = package(decision(tree, direct=local)).directory
    assert directory is not None
    assert (directory.path, directory.editable) == ("demo", True)
    checkout = DirectUrl(
        url="https://h/demo.git",
        info=VcsInfo(vcs="git", commit_id="c" * 40, requested_revision="main"),
        subdirectory="sub",
    )
    vcs = package(decision(tree, direct=checkout)).vcs
    assert vcs is not None
    assert (vcs.type, vcs.url, vcs.commit_id, vcs.requested_revision, vcs.subdirectory) == (
        "git",
        "https://h/demo.git",
        "c" * 40,
        "main",
        "sub",
    )


def test_the_text_has_a_line_for_each_file() -> None:
    entries = [package(decision(CHOSEN), page(CHOSEN, OTHERS[0]))]
    text = lock_text(lock_of(entries, created_by="asyncpip"))
    head, block = text.split("\n\n")
    assert head == 'lock-version = "1.0"\ncreated-by = "asyncpip"'
    lines = block.splitlines()
    assert lines[:4] == ["[[packages]]", 'name = "demo"', 'version = "1.0"', "wheels = ["]
    assert [line[:13] for line in lines[4:]] == ['    {name = "', '    {name = "', "]"]
    assert "secret" not in text
    assert Pylock.from_dict(tomllib.loads(text)).packages[0].name == "demo"


@pytest.mark.parametrize("odd", ['"', "\\", "\x7f", "\x00", "\n", "é", "\u2028", "'", "#", "a]b", "\U0001f40d"])
def test_texts_come_back_as_they_were(odd: str) -> None:
    wheel = PackageWheel(name="demo-1.0-py3-none-any.whl", url=f"https://h/{odd}", hashes={"sha256": odd, odd: "x"})
    lock = lock_of([Package(name=NAME, version=Version("1.0"), wheels=[wheel])], created_by=odd)
    assert tomllib.loads(lock_text(lock)) == lock.to_dict()
