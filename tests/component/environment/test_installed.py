from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, DirectUrl, VcsInfo
from asyncpip.environment.installed import (
    InstalledDistributions,
    is_requested,
    read_direct_url,
)
from tests.unit.environment.examples import scheme, target

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.core.distributions import InstalledDistribution


def add(directory: Path, entry: str, metadata: str | None = None) -> Path:
    """Make a dist-info or egg-info directory, with METADATA or PKG-INFO."""
    path = directory / entry
    path.mkdir(parents=True)
    if metadata is not None:
        (path / ("METADATA" if entry.endswith(".dist-info") else "PKG-INFO")).write_text(metadata)
    return path


def metadata(name: str, version: str, *lines: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, "", "About: it", ""])


def scan(*paths: Path) -> InstalledDistributions:
    return InstalledDistributions.scan([str(path) for path in paths], target())


def versions(installed: InstalledDistributions) -> dict[str, str]:
    return {name: found(installed, name).raw_version for name in installed.names()}


def found(installed: InstalledDistributions, name: str) -> InstalledDistribution:
    distribution = installed.find(canonicalize_name(name))
    assert distribution is not None
    return distribution


def test_names_come_from_directories_and_the_rest_from_metadata(tmp_path: Path) -> None:
    add(
        tmp_path,
        "Foo_Bar-1.0.dist-info",
        metadata("Foo.Bar", "1.0", "Requires-Dist: a>1", "Requires-Python: >=3.8", "Provides-Extra: x"),
    )
    installed = scan(tmp_path)
    assert installed.names() == ("foo-bar",)
    assert installed.version_texts() == {"foo-bar": "1.0"}
    assert versions(installed) == {"foo-bar": "1.0"}
    assert installed.info_paths() == (str(tmp_path / "Foo_Bar-1.0.dist-info"),)
    distribution = found(installed, "foo-bar")
    assert distribution.raw_name == "Foo.Bar"
    assert distribution.version == Version("1.0")
    assert distribution.requires_dist == ("a>1",)
    assert distribution.requires_python == ">=3.8"
    assert distribution.provides_extra == ("x",)
    assert distribution.location == str(tmp_path)
    assert distribution.editable_location is None
    assert found(installed, "foo-bar") is distribution


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = add(tmp_path, "foo-1.0.dist-info", metadata("wrong", "0"))
    installed = scan(tmp_path)
    (path / "METADATA").write_text(metadata("foo", "1.0", "Summary: later"))
    assert found(installed, "foo").raw_name == "foo"


def test_is_a_mapping(tmp_path: Path) -> None:
    add(tmp_path, "foo-1.0.dist-info", metadata("foo", "1.0"))
    add(tmp_path, "bar-2.0.dist-info", metadata("bar", "2.0"))
    installed = scan(tmp_path)
    assert len(installed) == 2
    assert set(installed) == {"foo", "bar"}
    assert "foo" in installed
    assert {str(distribution.version) for distribution in installed.values()} == {"1.0", "2.0"}
    assert installed.find(canonicalize_name("baz")) is None
    with pytest.raises(KeyError):
        installed[canonicalize_name("baz")]


def test_first_path_wins(tmp_path: Path) -> None:
    add(tmp_path / "a", "foo-1.0.dist-info", metadata("foo", "1.0"))
    add(tmp_path / "b", "foo-2.0.dist-info", metadata("foo", "2.0"))
    assert versions(scan(tmp_path / "a", tmp_path / "b")) == {"foo": "1.0"}
    assert versions(scan(tmp_path / "b", tmp_path / "a")) == {"foo": "2.0"}


def test_paths_that_hold_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "python311.zip"
    archive.write_bytes(b"PK")
    assert len(scan(tmp_path / "missing", archive)) == 0


def test_leftovers_and_invalid_names_are_skipped_with_a_warning(tmp_path: Path) -> None:
    add(tmp_path, "~oo-1.0.dist-info", metadata("foo", "1.0"))
    add(tmp_path, "b\u00e4r-1.0.dist-info", metadata("bar", "1.0"))
    add(tmp_path, "-1.0.dist-info")
    add(tmp_path, "nameless.dist-info")
    add(tmp_path, "old.egg-info")
    add(tmp_path, "x.egg/EGG-INFO")
    installed = scan(tmp_path, tmp_path / "x.egg")
    leftover = (
        f"Ignoring incompletely removed distribution ~oo-1.0.dist-info ({tmp_path}); '~'-prefixed leftover "
        "directories are the result of a previous incomplete installation, and can be deleted"
    )
    assert len(installed) == 0
    assert sorted(installed.warnings) == sorted(
        [
            leftover,
            f"Ignoring invalid distribution b\u00e4r ({tmp_path})",
            f"Skipping {tmp_path}/-1.0.dist-info due to invalid metadata entry 'name'",
            f"Skipping {tmp_path}/nameless.dist-info due to invalid metadata entry 'name'",
            f"Skipping {tmp_path}/old.egg-info due to invalid metadata entry 'version'",
            f"Skipping {tmp_path}/x.egg/EGG-INFO due to invalid metadata entry 'name'",
        ]
    )


def test_who_may_require_a_project(tmp_path: Path) -> None:
    add(tmp_path, "a-1.dist-info", metadata("a", "1", "Requires-Dist: Zope._Interface>1"))
    add(tmp_path, "b-1.dist-info", metadata("b", "1", "Requires-Dist: other", "", "About zope-interface"))
    add(tmp_path, "c-1.dist-info", metadata("c", "1", 'Requires-Dist: zope_interface; extra == "x"'))
    (add(tmp_path, "d-1.egg-info", metadata("d", "1")) / "requires.txt").write_text("zope-interface")
    installed = scan(tmp_path)
    wanted = [canonicalize_name("zope.interface")]
    assert sorted(each.name for each in installed.requiring(wanted)) == ["a", "c", "d"]
    assert installed.requiring([]) == [found(installed, "d")]


def test_metadata_of_the_standard_library_is_not_an_installed_distribution(tmp_path: Path) -> None:
    add(tmp_path, "argparse-1.4.0.dist-info", metadata("argparse", "1.4.0"))
    assert len(scan(tmp_path)) == 0


@pytest.mark.parametrize("text", [None, "", "no header at all\n", "Summary: neither\n"])
def test_without_usable_metadata_the_directory_name_tells(tmp_path: Path, text: str | None) -> None:
    add(tmp_path, "Foo-1.0.dist-info", text)
    distribution = found(scan(tmp_path), "foo")
    assert (distribution.name, distribution.raw_name, str(distribution.version)) == ("foo", "foo", "1.0")
    assert distribution.requires_dist == ()


def test_metadata_without_version_still_tells_what_is_required(tmp_path: Path) -> None:
    add(tmp_path, "foo-1.0.dist-info", "Name: foo\nRequires-Dist: a\n\n")
    assert found(scan(tmp_path), "foo").requires_dist == ("a",)


def test_directory_name_without_version(tmp_path: Path) -> None:
    add(tmp_path, "foo.dist-info", metadata("Foo", "3.0"))
    assert versions(scan(tmp_path)) == {"foo": "3.0"}


def test_version_that_is_none(tmp_path: Path) -> None:
    add(tmp_path, "foo-1.0_old.dist-info", metadata("foo", "1.0_old"))
    assert found(scan(tmp_path), "foo").version == "1.0_old"


def test_long_metadata_is_read_to_the_end_of_its_header(tmp_path: Path) -> None:
    requires = [f"Requires-Dist: project-{number}" for number in range(3000)]
    add(tmp_path, "foo-1.0.dist-info", metadata("foo", "1.0", *requires))
    assert len(found(scan(tmp_path), "foo").requires_dist) == 3000


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_metadata_with_other_line_ends(tmp_path: Path, ending: str) -> None:
    path = add(tmp_path, "foo-1.0.dist-info")
    text = metadata("Foo", "1.0", "Requires-Dist: a") + "Requires-Dist: not-a-header\n"
    (path / "METADATA").write_bytes(text.replace("\n", ending).encode())
    distribution = found(scan(tmp_path), "foo")
    assert (distribution.raw_name, distribution.requires_dist) == ("Foo", ("a",))


def test_egg_info_file_of_distutils(tmp_path: Path) -> None:
    (tmp_path / "foo-3.0-py3.11.egg-info").write_text(metadata("foo", "3.0"))
    distribution = found(scan(tmp_path), "foo")
    assert str(distribution.version) == "3.0"
    assert distribution.info_path == str(tmp_path / "foo-3.0-py3.11.egg-info")


def test_egg_info_directory_with_requires_txt(tmp_path: Path) -> None:
    text = 'six\n\n# note\n[x]\ny\n[:python_version<"3"]\nz\n[Q_q:python_version>"3"]\nw>1\n'
    (add(tmp_path, "foo.egg-info", metadata("foo", "4.0")) / "requires.txt").write_text(text)
    distribution = found(scan(tmp_path), "foo")
    assert distribution.requires_dist == (
        "six",
        'y ; extra == "x"',
        'z ; python_version<"3"',
        'w>1 ; (python_version>"3") and extra == "q-q"',
    )
    assert distribution.provides_extra == ("x", "q-q")


def test_egg_directory(tmp_path: Path) -> None:
    egg = tmp_path / "Foo-5.0-py3.11.egg"
    add(egg, "EGG-INFO", metadata("Foo", "5.0"))
    distribution = found(scan(tmp_path, egg), "foo")
    assert (str(distribution.version), distribution.location) == ("5.0", str(egg))


@pytest.mark.parametrize("link", ["{project}\n.", "\n  ../project  \n"])
def test_egg_link(tmp_path: Path, link: str) -> None:
    project = tmp_path / "project"
    add(project, "Some_thing.egg-info", metadata("Some.thing", "1.0"))
    site = tmp_path / "site"
    site.mkdir()
    (site / "Some.thing.egg-link").write_text(link.format(project=project))
    distribution = found(scan(site), "some-thing")
    assert os.path.realpath(distribution.location) == str(project)
    assert distribution.editable_location == distribution.location


@pytest.mark.parametrize("link", ["", "missing\n"])
def test_egg_link_that_leads_nowhere(tmp_path: Path, link: str) -> None:
    (tmp_path / "foo.egg-link").write_text(link)
    assert len(scan(tmp_path)) == 0


def test_local_and_user_site(tmp_path: Path) -> None:
    add(tmp_path / "venv/lib", "foo-1.0.dist-info", metadata("foo", "1.0"))
    add(tmp_path / "venv2", "bar-1.0.dist-info", metadata("bar", "1.0"))
    user = scheme(str(tmp_path / "home"))
    add(tmp_path / "home/lib/python3.11/site-packages", "baz-1.0.dist-info", metadata("baz", "1.0"))
    paths = [str(tmp_path / "venv/lib"), str(tmp_path / "venv2"), user.purelib]
    base = target(prefix=str(tmp_path / "venv"), user_scheme=user)
    installed = InstalledDistributions.scan(paths, base)
    flags = {item.name: (item.is_local, item.in_user_site) for item in installed.values()}
    assert flags == {"foo": (True, False), "bar": (False, False), "baz": (False, True)}
    outside = InstalledDistributions.scan(paths, target(user_scheme=None))
    assert all(item.is_local and not item.in_user_site for item in outside.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"url": "file:///p", "dir_info": {"editable": true}}',
            DirectUrl(url="file:///p", info=DirectoryInfo(editable=True)),
        ),
        ('{"url": "file:///p", "dir_info": {}}', DirectUrl(url="file:///p", info=DirectoryInfo())),
        (
            '{"url": "https://h/a.zip", "archive_info": {"hash": "sha256=ab"}, "subdirectory": "s"}',
            DirectUrl(url="https://h/a.zip", info=ArchiveInfo(hashes=(("sha256", "ab"),)), subdirectory="s"),
        ),
        (
            '{"url": "https://h/a.zip", "archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab"}}}',
            DirectUrl(url="https://h/a.zip", info=ArchiveInfo(hashes=(("sha256", "ab"),))),
        ),
        ('{"url": "https://h/a.zip", "archive_info": {}}', DirectUrl(url="https://h/a.zip", info=ArchiveInfo())),
        (
            '{"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "c0", "requested_revision": "main"}}',
            DirectUrl(url="https://h/r", info=VcsInfo(vcs="git", commit_id="c0", requested_revision="main")),
        ),
        (
            '{"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "c0"}}',
            DirectUrl(url="https://h/r", info=VcsInfo(vcs="git", commit_id="c0")),
        ),
        ('{"url": "https://h/a.zip", "archive_info": {"hash": "md5=x", "hashes": {"sha256": "ab"}}}', None),
        ("", None),
        ("[]", None),
        ('{"url": "x"}', None),
        ('{"url": 1, "dir_info": {}}', None),
        ('{"url": "x", "dir_info": []}', None),
        ('{"url": "x", "vcs_info": {"vcs": "git"}}', None),
        (None, None),
    ],
)
def test_direct_url(tmp_path: Path, text: str | None, expected: DirectUrl | None) -> None:
    path = add(tmp_path, "foo-1.0.dist-info", metadata("foo", "1.0"))
    if text is not None:
        (path / "direct_url.json").write_text(text)
    assert read_direct_url(str(path)) == expected


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ('{"url": "file:///src/foo%20bar", "dir_info": {"editable": true}}', "/src/foo bar"),
        ('{"url": "file:///src/foo", "dir_info": {}}', None),
        ('{"url": "https://h/foo", "dir_info": {"editable": true}}', None),
    ],
)
def test_editable_location(tmp_path: Path, text: str, location: str | None) -> None:
    path = add(tmp_path, "foo-1.0.dist-info", metadata("foo", "1.0"))
    (path / "direct_url.json").write_text(text)
    assert found(scan(tmp_path), "foo").editable_location == location


def test_requested(tmp_path: Path) -> None:
    path = add(tmp_path, "foo-1.0.dist-info", metadata("foo", "1.0"))
    assert not is_requested(str(path))
    (path / "REQUESTED").touch()
    assert is_requested(str(path))
