from __future__ import annotations

import json

import pytest

from asyncpip.index.entry_search import find_row

NAMES = [
    "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz",
    "demo-1.10-cp311-x.whl", "demo-1.10-cp312-x.whl", "demo-1.10-cp313-x.whl",
    "demo-1.9.zip",
]  # fmt: skip
ROWS = {"1.0": range(2), "1.10": range(2, 5), "1.9": range(5, 6)}


def body_of(*, separators: tuple[str, str] = (",", ":"), **more: object) -> bytes:
    files = [{"filename": name, "url": f"files/{name}", **more} for name in NAMES]
    return json.dumps({"meta": {}, "files": files, "name": "demo"}, separators=separators).encode()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "with blanks"])
@pytest.mark.parametrize("version", ROWS)
def test_rows_at_the_beginning_in_the_middle_and_at_the_end(separators: tuple[str, str], version: str) -> None:
    body = body_of(separators=separators)
    found = find_row(body, ROWS[version], len(NAMES), version)
    assert found is not None
    assert [entry["filename"] for entry in json.loads(found.data)] == [NAMES[at] for at in ROWS[version]]
    assert body[found.place :].split(b'"', 4)[3].decode() == NAMES[ROWS[version].start]


@pytest.mark.parametrize("version", ROWS)
@pytest.mark.parametrize("known", [(1, 100), (4, 300), (0, 10**6)])
def test_a_wrong_place_to_start_from_finds_the_same_or_nothing(version: str, known: tuple[int, int]) -> None:
    body = body_of()
    usual = find_row(body, ROWS[version], len(NAMES), version)
    assert find_row(body, ROWS[version], len(NAMES), version, known) in (usual, None)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", body_of(separators=(" ,", ":")), body_of(yanked="},{"), body_of(a=[{"b": 1}, {"c": 2}])],
    ids=["empty", "other", "other blanks", "looks like a boundary", "has one inside"],
)
def test_what_is_in_doubt_is_left_to_others(body: bytes) -> None:
    assert find_row(body, ROWS["1.10"], len(NAMES), "1.10") is None


@pytest.mark.parametrize("version", ["1", "1.1", "2.0", "10-cp311", ""])
def test_versions_that_are_not_there(version: str) -> None:
    assert find_row(body_of(), range(2, 5), len(NAMES), version) is None
