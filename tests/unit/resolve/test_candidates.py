from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from asyncpip.core.candidates import Reason
from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.errors import IndexAccessError
from asyncpip.resolve.candidates import CandidateList
from asyncpip.resolve.selection import FormatControl, IndexStrategy, ReleaseControl, Selection
from tests.support.memory_index import SELECTION, TAGS, MemoryPage, sdist, wheel

NAME = normalize_name("p")
GOOD, BAD = "a" * 64, "b" * 64


def select(**fields: object) -> Selection:
    given = {"tags": TAGS, "python_full_version": "3.11.7"} | fields
    return Selection(**given)  # type: ignore[arg-type] # fields are the selection's own


def listed(
    files: dict[str, list[PageFile]], selection: Selection = SELECTION, *, hashes: AllowedHashes | None = None
) -> CandidateList:
    return CandidateList(NAME, [MemoryPage(files)], selection, hashes or AllowedHashes())


def plain(*versions: str) -> dict[str, list[PageFile]]:
    return {version: [wheel("p", version)] for version in versions}


def found(candidates: CandidateList, specifier: str = "") -> list[str]:
    return [str(each.version) for each in candidates.candidates_matching(SpecifierSet(specifier))]


def filenames(candidates: CandidateList, specifier: str = "") -> list[str]:
    return [each.file.filename for each in candidates.candidates_matching(SpecifierSet(specifier))]


def reasons(candidates: CandidateList, specifier: str = "") -> dict[str, Reason]:
    return {each.filename: each.reason for each in candidates.rejected(SpecifierSet(specifier))}


@pytest.mark.parametrize(
    ("versions", "specifier", "expected"),
    [
        (["1", "10", "2"], "", ["10", "2", "1"]),
        (["1", "2a1"], "", ["1"]),
        (["1", "2a1"], ">=1.5", ["2a1"]),
        (["1", "2a1"], ">=1a1", ["2a1", "1"]),
        (["1", "2b1"], "==2b1", ["2b1"]),
        (["1a1", "1b1"], "", ["1b1", "1a1"]),
        (["1", "1.post1", "1+local"], "", ["1.post1", "1+local", "1"]),
        (["1", "1+local"], "==1", ["1+local", "1"]),
        (["1.0", "1.0.1"], "===1.0", ["1.0"]),
        (["1!1", "2"], "", ["1!1", "2"]),
        (["1", "2.dev1"], "<2", ["1"]),
    ],
)
def test_versions_that_match(versions: list[str], specifier: str, expected: list[str]) -> None:
    assert found(listed(plain(*versions)), specifier) == expected
    theirs = SpecifierSet(specifier).filter(sorted(map(Version, versions), reverse=True))
    assert expected == [str(version) for version in theirs]


@pytest.mark.parametrize(
    ("rule", "specifier", "expected"),
    [
        (("all-releases", ":all:"), "", ["2a1", "1"]),
        (("all-releases", "p"), "", ["2a1", "1"]),
        (("only-final", "p"), "", ["1"]),
        (("only-final", "p"), ">=1.5", []),
        (("only-final", "p"), ">=2a1", []),
        (("only-final", "q"), ">=1.5", ["2a1"]),
    ],
)
def test_release_control(rule: tuple[str, str], specifier: str, expected: list[str]) -> None:
    selection = select(releases=ReleaseControl.of([rule]))
    assert found(listed(plain("1", "2a1"), selection), specifier) == expected


def test_final_release_that_is_no_candidate_does_not_hide_pre_releases() -> None:
    files = {"1": [wheel("p", "1", "cp39-cp39-win32")], "2a1": [wheel("p", "2a1")]}
    assert found(listed(files)) == ["2a1"]


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [("", ["1"]), ("==2", ["2"]), ("===2", ["2"]), ("==2.*", []), (">=2", []), ("==3", ["3"]), ("<=2", ["1"])],
)
def test_yanked(specifier: str, expected: list[str]) -> None:
    files = {
        "1": [wheel("p", "1")],
        "2": [wheel("p", "2", yanked="broken"), sdist("p", "2", yanked=True)],
        "3": [wheel("p", "3", yanked=True)],
    }
    candidates = listed(files)
    assert found(candidates, specifier) == expected


def test_yanked_file_beside_one_that_is_not() -> None:
    files = {"1": [wheel("p", "1", yanked=True), wheel("p", "1", TAGS[0])]}
    assert filenames(listed(files), "==1") == [f"p-1-{TAGS[0]}.whl"]


def test_yank_message_is_kept() -> None:
    (rejected,) = listed({"1": [wheel("p", "1", yanked="broken")]}).rejected(SpecifierSet())
    assert (rejected.reason, rejected.detail) == (Reason.YANKED, "broken")


def test_best_file_of_a_version() -> None:
    files = {
        "1": [wheel("p", "1"), wheel("p", "1", TAGS[1]), wheel("p", "1", TAGS[0]), wheel("p", "1", "py3-none-win32")]
    }
    assert filenames(listed(files)) == [f"p-1-{TAGS[0]}.whl"]


def test_build_number_decides_between_equal_tags() -> None:
    names = ["p-1-2-py3-none-any.whl", "p-1-10-py3-none-any.whl", "p-1-py3-none-any.whl"]
    files = {"1": [PageFile(filename=name, url=f"https://index.example/{name}") for name in names]}
    assert filenames(listed(files)) == ["p-1-10-py3-none-any.whl"]


def test_last_index_wins_and_find_links_lose() -> None:
    pages = [
        MemoryPage(plain("1"), url="https://first.example/"),
        MemoryPage(plain("1"), url="https://second.example/"),
        MemoryPage(plain("1", "2"), url="file:///links", is_find_links=True),
    ]
    chosen = list(CandidateList(NAME, pages, SELECTION).candidates_matching(SpecifierSet()))
    assert [(str(each.version), each.page_url) for each in chosen] == [
        ("2", "file:///links"),
        ("1", "https://second.example/"),
    ]


def test_first_index() -> None:
    pages = [
        MemoryPage({}, url="https://empty.example/"),
        MemoryPage(plain("1"), url="https://first.example/"),
        MemoryPage(plain("9"), url="https://second.example/"),
        MemoryPage(plain("2"), url="file:///links", is_find_links=True),
    ]
    candidates = CandidateList(NAME, pages, select(index_strategy=IndexStrategy.FIRST_INDEX))
    assert found(candidates) == ["2", "1"]


def test_same_version_spelled_differently_is_one() -> None:
    pages = [MemoryPage(plain("1.0")), MemoryPage({"1.0.0": [wheel("p", "1.0.0", TAGS[0])]})]
    assert filenames(CandidateList(NAME, pages, SELECTION)) == [f"p-1.0.0-{TAGS[0]}.whl"]


def test_sdists_when_they_can_be_built() -> None:
    files = {"1": [wheel("p", "1")], "2": [sdist("p", "2")], "3": [wheel("p", "3"), sdist("p", "3")]}
    assert filenames(listed(files, select(allow_sdists=True))) == [
        "p-3-py3-none-any.whl",
        "p-2.tar.gz",
        "p-1-py3-none-any.whl",
    ]
    assert found(listed(files, select(allow_sdists=True, prefer_binary=True))) == ["3", "1", "2"]
    only_sdists = select(allow_sdists=True, formats=FormatControl.of([("no-binary", "p")]))
    assert found(listed(files, only_sdists)) == ["3", "2"]
    assert found(listed(files)) == ["3", "1"]


def test_digests() -> None:
    files = {
        "1": [wheel("p", "1", hashes={"sha256": GOOD})],
        "2": [wheel("p", "2", hashes={"sha256": BAD})],
        "3": [wheel("p", "3")],
        "4": [wheel("p", "4", hashes={"sha256": GOOD}, yanked=True)],
    }
    allowed = AllowedHashes.of([("sha256", GOOD)])
    assert found(listed(files, hashes=allowed)) == ["1", "3"]
    assert found(listed(files, hashes=allowed), "==4") == ["4"], "yanked, but all that matches"
    assert found(listed(files, hashes=allowed), "==2") == ["2"], "none matches: the best is fetched and shown"


def test_reasons() -> None:
    files = {
        "1": [wheel("p", "1", requires_python=">=3.12"), sdist("p", "1")],
        "2": [wheel("p", "2", "cp39-cp39-win32")],
        "3a1": [wheel("p", "3a1")],
        "4": [wheel("p", "4")],
        "bogus!": [wheel("p", "bogus")],
        "0.9": [wheel("p", "0.9")],
    }
    assert reasons(listed(files), ">=1") == {
        "p-1-py3-none-any.whl": Reason.REQUIRES_PYTHON,
        "p-1.tar.gz": Reason.SDIST_UNSUPPORTED,
        "p-2-cp39-cp39-win32.whl": Reason.NO_MATCHING_TAG,
        "p-3a1-py3-none-any.whl": Reason.PRE_RELEASE,
        "p-bogus-py3-none-any.whl": Reason.BAD_VERSION,
        "p-0.9-py3-none-any.whl": Reason.SPECIFIER,
    }


@pytest.mark.parametrize(
    ("rule", "wheel_reason", "sdist_reason"),
    [
        (("no-binary", ":all:"), Reason.WHEEL_EXCLUDED, None),
        (("only-binary", ":all:"), None, Reason.SDIST_EXCLUDED),
    ],
)
def test_formats(rule: tuple[str, str], wheel_reason: Reason | None, sdist_reason: Reason | None) -> None:
    selection = select(formats=FormatControl.of([rule]), allow_sdists=True)
    found_reasons = reasons(listed({"1": [wheel("p", "1"), sdist("p", "1")]}, selection))
    assert found_reasons.get("p-1-py3-none-any.whl") is wheel_reason
    assert found_reasons.get("p-1.tar.gz") is sdist_reason


def test_uploaded_prior_to() -> None:
    files = {
        "1": [wheel("p", "1", upload_time="2024-01-01T00:00:00Z")],
        "2": [wheel("p", "2", upload_time="2024-06-01T00:00:00.5Z")],
        "3": [wheel("p", "3", url="file:///p-3-py3-none-any.whl")],
    }
    selection = select(uploaded_prior_to=dt.datetime(2024, 6, 1, tzinfo=dt.UTC))
    assert found(listed(files, selection)) == ["3", "1"]
    assert reasons(listed(files, selection)) == {"p-2-py3-none-any.whl": Reason.UPLOADED_TOO_LATE}


def test_index_that_tells_no_upload_time_ends_the_run() -> None:
    selection = select(uploaded_prior_to=dt.datetime(2024, 6, 1, tzinfo=dt.UTC))
    with pytest.raises(IndexAccessError, match="does not provide upload-time metadata"):
        found(listed(plain("1"), selection))


def test_looks_at_no_files_that_nobody_asks_for() -> None:
    page = MemoryPage(plain(*(str(number) for number in range(100))))
    candidates = CandidateList(NAME, [page], SELECTION)
    matching = candidates.candidates_matching(SpecifierSet("<50"))
    assert str(next(matching).version) == "49"
    assert page.asked == ["49"]
    assert str(next(matching).version) == "48"
    assert page.asked == ["49", "48"]


def test_a_candidate_is_one_object() -> None:
    candidates = listed(plain("1", "2"))
    (first, *_) = candidates.candidates_matching(SpecifierSet())
    (second,) = candidates.candidates_matching(SpecifierSet(">1"))
    assert first is second


class Counting(SpecifierSet):
    """Knows how many versions it was asked about."""

    asked = 0

    def contains(self, *arguments: Any, **options: Any) -> bool:
        self.asked += 1
        return super().contains(*arguments, **options)


@pytest.mark.parametrize(
    ("text", "expected"), [(">=10,<12", ["11.0", "10.0"]), ("==7.*", ["7.0"]), ("~=7.0", ["7.0"]), ("<1", ["0.0"])]
)
def test_a_long_row_of_versions_is_not_walked_to_find_a_few(text: str, expected: list[str]) -> None:
    """The bounds of a specifier lead to where they lie among thousands of versions."""
    specifier = Counting(text)
    candidates = listed(plain(*(f"{number}.0" for number in range(2000))))
    assert [str(each.version) for each in candidates.candidates_matching(specifier)] == expected
    assert specifier.asked <= len(expected) + 2
