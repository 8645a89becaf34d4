"""Files of installed distributions, read one by one, and the view of an environment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.core.names import normalize_name
from asyncpip.environment.direct_url_file import (
    InvalidDirectUrlError,
    as_requirement,
    as_written,
    read_direct_url_data,
)
from asyncpip.environment.installed_files import declared_files
from asyncpip.environment.scan import UNFINISHED, FoundDistribution, egg_links, read_name_and_version, scan
from asyncpip.environment.view import open_view
from tests.support.installed import dist_info, write_files

if TYPE_CHECKING:
    from pathlib import Path


def found(path: Path) -> FoundDistribution:
    return FoundDistribution(normalize_name("x"), "1.0", str(path), is_local=True, in_user_site=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name: Foo\nVersion: 1.0\n", ("Foo", "1.0")),
        ("version:2\nNAME:\tfoo \n", ("foo", "2")),
        ("\ufeffName: foo\r\nVersion: 1\r\n", ("foo", "1")),
        ("Summary: a\n  Name: no\nName: foo\nName: bar\nVersion: 1\n", ("foo", "1")),
        ("Name: foo\n\nVersion: 1\n", ("foo", "")),
        ("Name: foo\nno field\nVersion: 1\n", ("foo", "")),
        ("", ("", "")),
    ],
)
def test_name_and_version(tmp_path: Path, text: str, expected: tuple[str, str]) -> None:
    (tmp_path / "METADATA").write_text(text, newline="")
    assert read_name_and_version(str(tmp_path)) == expected


def test_name_after_a_long_header(tmp_path: Path) -> None:
    (tmp_path / "METADATA").write_text("Classifier: x\n" * 5000 + "Name: foo\nVersion: 1\n\ntext")
    assert read_name_and_version(str(tmp_path)) == ("foo", "1")
    assert found(tmp_path).headers.get("version") == "1"
    assert found(tmp_path).headers.body == ""
    assert found(tmp_path).read_metadata().body == "text"


def test_unfinished_installations_are_told_of(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}1-ab").mkdir()
    write_files(tmp_path, dist_info("a", "1"))
    result = scan([str(tmp_path)], virtual_prefix=None, user_site=None, warn=pytest.fail)
    assert [each.name for each in result.found] == ["a"]
    assert result.unfinished == [str(tmp_path)]


def test_what_is_half_there_does_not_count(tmp_path: Path) -> None:
    write_files(tmp_path, dist_info("a", "1") | dist_info("b", "1") | dist_info("c", "1"))
    (tmp_path / "c-1.dist-info" / "RECORD").touch()
    journal = tmp_path / f"{UNFINISHED}1-ab" / "journal"
    journal.parent.mkdir()
    journal.touch()
    at = journal.stat().st_mtime
    os.utime(tmp_path / "a-1.dist-info", (at - 1, at - 1))  # another installer's, without RECORD
    os.utime(tmp_path / "b-1.dist-info", (at + 1, at + 1))
    os.utime(tmp_path / "c-1.dist-info", (at + 1, at + 1))
    result = scan([str(tmp_path)], virtual_prefix=None, user_site=None, warn=pytest.fail)
    assert sorted(each.name for each in result.found) == ["a", "c"]


def test_egg_links(tmp_path: Path) -> None:
    (tmp_path / "a.egg-link").touch()
    assert egg_links([str(tmp_path), str(tmp_path / "missing")]) == {"a.egg-link"}


def test_declared_files(tmp_path: Path) -> None:
    assert declared_files(found(tmp_path)) is None
    (tmp_path / "installed-files.txt").write_text("../x.py\n../../../bin/x\nPKG-INFO\n\n./y\n")
    assert declared_files(found(tmp_path)) == [
        "x.py",
        "../../bin/x",
        f"{tmp_path.name}/PKG-INFO",
        f"{tmp_path.name}/y",
    ]
    (tmp_path / "RECORD").write_text('x/./a.py,sha256=x,1\n"a,b.py",,\n../../bin/x,,\n/abs//c,,\n')
    assert declared_files(found(tmp_path)) == ["x/a.py", "a,b.py", "../../bin/x", "/abs/c"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "Unexpected type list (expected dict)"),
        ('{"dir_info": {}}', "Missing required value in 'url'"),
        ('{"url": 1, "dir_info": {}}', "Unexpected type int (expected str) in 'url'"),
        ('{"url": "x"}', "Exactly one of vcs_info, archive_info, dir_info must be present"),
        (
            '{"url": "file:///x", "dir_info": {"editable": 1}}',
            "Unexpected type int (expected bool) in 'dir_info.editable'",
        ),
        ('{"url": "https://x", "dir_info": {}}', "URL scheme must be file:// when dir_info is present in 'url'"),
        ('{"url": "file://x", "dir_info": {}}', "File URL must be absolute when dir_info is present in 'url'"),
        (
            '{"url": "x", "archive_info": {"hash": "x"}}',
            "Invalid hash format (expected '<algorithm>=<hash>') in 'archive_info.hash'",
        ),
        ('{"url": "x", "archive_info": {"hashes": {"a": 1}}}', "Hash values must be strings in 'archive_info.hashes'"),
        (
            '{"url": "x", "archive_info": {"hash": "a=1", "hashes": {"a": "2"}}}',
            "Algorithm 'a' used in hash field has different value in hashes field in 'archive_info.hash'",
        ),
        ('{"url": "x", "vcs_info": {"vcs": "git"}}', "Missing required value in 'vcs_info.commit_id'"),
    ],
)
def test_invalid_direct_urls(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "direct_url.json").write_text(text)
    with pytest.raises(InvalidDirectUrlError) as caught:
        read_direct_url_data(str(tmp_path))
    assert str(caught.value) == problem


def test_credentials_of_direct_urls_are_not_shown() -> None:
    data = {"url": "https://user:secret@h/a.zip", "archive_info": {"hashes": {"sha256": "ab"}}}
    assert as_requirement(data, "a") == "a @ https://h/a.zip#sha256=ab"
    assert as_written(data) == {
        "url": "https://h/a.zip",
        "archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab"}},
    }
    kept = {"url": "ssh://git@h/r", "vcs_info": {"vcs": "git", "commit_id": "c"}}
    assert as_requirement(kept, "a") == "a @ git+ssh://git@h/r@c"
    variable = {"url": "https://${TOKEN}@h/r", "vcs_info": {"vcs": "git", "commit_id": "c"}}
    assert as_requirement(variable, "a") == "a @ git+https://${TOKEN}@h/r@c"


def test_view_of_the_running_interpreter() -> None:
    view = open_view(python=sys.executable, environ=os.environ, records=None)
    assert view.notice is None
    assert view.virtual_prefix == (sys.prefix if sys.prefix != sys.base_prefix else None)
    assert set(view.sys_path) <= set(sys.path)
    assert view.version_info == sys.version_info[:3]
    assert view.markers["sys_platform"] == sys.platform
    assert any(tag.endswith("-none-any") for tag in view.tags)


def test_view_of_another_one(venv: Path) -> None:
    view = open_view(python=str(venv), environ=os.environ, records=None)
    assert view.virtual_prefix == str(venv)
    assert any(path.startswith(str(venv)) for path in view.sys_path)
    running = open_view(python=sys.executable, environ=os.environ, records=None)
    assert (view.markers, view.tags, view.version_info) == (running.markers, running.tags, running.version_info)
