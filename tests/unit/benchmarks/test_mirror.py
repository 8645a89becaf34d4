from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.mirror import Mirror, page_name, rewrite_page

if TYPE_CHECKING:
    from pathlib import Path

PAGE = {
    "name": "a",
    "meta": {"api-version": "1.1"},
    "files": [
        {"filename": "a-1-py3-none-any.whl", "url": "https://files.example/p/a-1-py3-none-any.whl", "hashes": {}},
        {"filename": "a-1.tar.gz", "url": "../../sdists/a-1.tar.gz#sha256=00", "hashes": {"sha256": "00"}},
        {"filename": "b.whl", "url": "https://files.example/b.whl", "core-metadata": {"sha256": "11"}},
    ],
}


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/simple/flask/", "flask"),
        ("/simple/Zope.Interface", "zope-interface"),
        ("/simple/a/b/", None),
        ("/simple/", None),
        ("/files/0/a.whl", None),
    ],
)
def test_page_name(target: str, name: str | None) -> None:
    assert page_name(target) == name


def test_file_addresses_lead_to_the_mirror() -> None:
    origins: list[str] = []
    page = json.loads(rewrite_page(json.dumps(PAGE).encode(), "https://index.example/simple/a/", origins))
    assert [file["url"] for file in page["files"]] == [
        "/files/0/p/a-1-py3-none-any.whl",
        "/files/1/sdists/a-1.tar.gz",
        "/files/0/b.whl",
    ]
    assert origins == ["https://files.example", "https://index.example"]
    assert page["meta"] == PAGE["meta"]


def test_wheels_say_that_their_metadata_is_there() -> None:
    page = json.loads(rewrite_page(json.dumps(PAGE).encode(), "https://index.example/simple/a/", []))
    assert [file.get("core-metadata") for file in page["files"]] == [True, None, {"sha256": "11"}]


def test_page_is_found_again_with_what_it_came_from(tmp_path: Path) -> None:
    Mirror(tmp_path).keep_page("a", "https://index.example/simple/a/", json.dumps(PAGE).encode())
    mirror = Mirror(tmp_path)
    found = mirror.find("/simple/A/")
    assert found is not None
    assert found.compressed is not None
    assert gzip.decompress(found.compressed) == found.body
    assert mirror.upstream_url("/files/0/p/a.whl.metadata") == "https://files.example/p/a.whl.metadata"
    assert mirror.upstream_url("/files/2/p/a.whl") is None


def test_large_files_stay_on_disk(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "small.whl").write_bytes(b"x")
    (tmp_path / "files" / "large.whl").write_bytes(bytes(1 << 20))
    small, large = Mirror(tmp_path).find("/files/small.whl"), Mirror(tmp_path).find("/files/large.whl")
    assert small is not None
    assert large is not None
    assert small.body == b"x"
    assert (large.body, large.size_bytes) == (None, 1 << 20)


@pytest.mark.parametrize("target", ["/files/../secret", "/files/%2e%2e/secret", "/etc/passwd", "/files/a%00"])
def test_nothing_outside_is_found(tmp_path: Path, target: str) -> None:
    (tmp_path / "mirror" / "files").mkdir(parents=True)
    (tmp_path / "mirror" / "secret").write_text("s")
    assert Mirror(tmp_path / "mirror").find(target) is None


def test_projects_that_the_index_does_not_know(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    missing = mirror.page_path("nothing", ".missing")
    missing.parent.mkdir()
    missing.touch()
    assert mirror.is_known_missing("/simple/Nothing/")
    assert not mirror.is_known_missing("/simple/other/")
