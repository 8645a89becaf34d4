"""`install` from git repositories through pip and through asyncpip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.support.source_tree import commit_all, git, make_repository, source_tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden.twins import Twins

pytestmark = pytest.mark.golden


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with a branch, two tags, a project in a subdirectory, and a reference that nobody fetches by itself."""
    directory = tmp_path / "repo"
    make_repository(directory, source_tree("git-proj", "1.0"))
    git(directory, "tag", "v1")
    write_tree(directory, source_tree("git-proj", "2.0"))
    write_tree(directory / "pkg" / "inner", source_tree("inner", "0.5"))
    commit_all(directory, "second")
    git(directory, "tag", "--annotate", "--message=two", "v2")
    git(directory, "checkout", "--quiet", "-b", "topic/x")
    write_tree(directory, source_tree("git-proj", "3.0"))
    commit_all(directory, "third")
    git(directory, "checkout", "--quiet", "-b", "gone")
    write_tree(directory, source_tree("git-proj", "4.0"))
    commit_all(directory, "fourth")
    git(directory, "update-ref", "refs/pull/7/head", "gone")
    git(directory, "checkout", "--quiet", "main")
    git(directory, "branch", "--quiet", "-D", "gone")
    return directory


def test_revisions(twins: Twins, repository: Path) -> None:
    url = f"git+file://{repository}"
    first, fourth = git(repository, "rev-parse", "v1"), git(repository, "rev-parse", "refs/pull/7/head")
    twins.check(url, Wanted.PRINTS_FILE_URLS_WHOLE)
    assert twins.pip("freeze")[0] == twins.pip("freeze")[1]
    twins.check(f"'git-proj @ {url}@v1' --force-reinstall", Wanted.PRINTS_FILE_URLS_WHOLE)
    twins.check(f"{url}@topic/x#egg=git-proj --force-reinstall")
    twins.check(f"{url}@{first} --force-reinstall", Wanted.PRINTS_FILE_URLS_WHOLE)
    twins.check(f"{url}@{first} --force-reinstall", Wanted.PRINTS_FILE_URLS_WHOLE)
    twins.check(f"{url}@refs/pull/7/head --force-reinstall", Wanted.PRINTS_FILE_URLS_WHOLE)
    twins.check(f"{url}@{fourth} --force-reinstall", Wanted.PRINTS_FILE_URLS_WHOLE)
    assert twins.pip("freeze")[0] == twins.pip("freeze")[1]
    twins.check(f"{url}@v2", Wanted.PRINTS_FILE_URLS_WHOLE)
    twins.check(f"{url}@no-such-revision", Wanted.STOPS_EARLIER, code=1)
    twins.check(f"git+file://{repository}-nowhere", Wanted.STOPS_EARLIER, code=1)
    twins.check(f"{url}@", Wanted.STOPS_EARLIER, code=1)


def test_subdirectories_and_submodules(twins: Twins, repository: Path, tmp_path: Path) -> None:
    url = f"git+file://{repository}"
    twins.check(f"{url}@v2#subdirectory=pkg/inner", Wanted.PRINTS_FILE_URLS_WHOLE)
    twins.check(f"'inner @ {url}@v2#subdirectory=pkg/inner' --force-reinstall", Wanted.PRINTS_FILE_URLS_WHOLE)
    outer = tmp_path / "outer"
    make_repository(outer, {"readme": ""})
    git(outer, "submodule", "--quiet", "add", str(repository), "nested")
    commit_all(outer, "nested")
    twins.check(
        f"git+file://{outer}#subdirectory=nested",
        Wanted.PRINTS_FILE_URLS_WHOLE,
        GIT_CONFIG_COUNT="1",  # for submodules by path, which git takes for an attack
        GIT_CONFIG_KEY_0="protocol.file.allow",
        GIT_CONFIG_VALUE_0="always",
    )


def test_editable_checkouts(twins: Twins, repository: Path) -> None:
    url = f"git+file://{repository}"
    twins.check(f"-e {url}@v1#egg=git-proj --src {{work}}/src", Wanted.GIT_KEEPS_TIMES)
    assert twins.pip("freeze")[0] == twins.pip("freeze")[1]
    twins.check(f"-e {url}@v2#egg=git-proj --src {{work}}/src", Wanted.GIT_KEEPS_TIMES)
    twins.check(
        f"-e {url}#egg=inner&subdirectory=pkg/inner --src {{work}}/src".replace("&", "\\&"), Wanted.GIT_KEEPS_TIMES
    )
    twins.check(f"-e {url}", code=1)


def test_programs_that_are_missing(twins: Twins) -> None:
    for vcs in ("hg", "svn", "bzr"):
        twins.check(f"{vcs}+https://127.0.0.1:1/repo", Wanted.STOPS_EARLIER, code=1)
