"""URLs of version control, taken apart."""

from __future__ import annotations

import pytest

from asyncpip.build.vcs_urls import is_commit, parse_vcs_url, same_repository
from asyncpip.errors import RequirementError

COMMIT = "0123456789abcdef0123456789ABCDEF01234567"


@pytest.mark.parametrize(
    ("url", "vcs", "repository", "revision"),
    [
        ("git+https://example.org/r.git", "git", "https://example.org/r.git", None),
        ("git+https://example.org/r.git@v1#egg=x", "git", "https://example.org/r.git", "v1"),
        ("git+https://u:p@example.org/r@topic%2Fx", "git", "https://u:p@example.org/r", "topic/x"),
        ("git+ssh://git@example.org/r@refs/pull/1/head", "git", "ssh://git@example.org/r", "refs/pull/1/head"),
        ("git+file:///a%20b/r@v1", "git", "file:///a b/r", "v1"),
        ("hg+static-http://example.org/r@3", "hg", "static-http://example.org/r", "3"),
        ("svn+ssh://u@example.org/r@12", "svn", "svn+ssh://u@example.org/r", "12"),
        ("bzr+ssh://example.org/r", "bzr", "bzr+ssh://example.org/r", None),
        ("bzr+lp:project", "bzr", "lp:project", None),
    ],
)
def test_repository_and_revision(url: str, vcs: str, repository: str, revision: str | None) -> None:
    reference = parse_vcs_url(url)
    assert (reference.vcs, reference.repository, reference.revision) == (vcs, repository, revision)


def test_subversion_gets_credentials_by_options() -> None:
    reference = parse_vcs_url("svn+https://user:pass%21@example.org/r")
    assert reference.repository == "https://example.org/r"
    assert reference.credentials == ("user", "pass!")


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("git+https://user:secret@example.org/r", "https://example.org/r"),
        ("git+https://token@example.org/r", "https://example.org/r"),
        ("git+ssh://git@example.org/r", "ssh://git@example.org/r"),
        ("git+https://${TOKEN}@example.org/r", "https://${TOKEN}@example.org/r"),
        ("git+https://${USER}:${TOKEN}@example.org/r", "https://${USER}:${TOKEN}@example.org/r"),
        ("hg+https://git@example.org/r", "https://example.org/r"),
    ],
)
def test_no_secret_is_public(url: str, public: str) -> None:
    assert parse_vcs_url(url).public_url == public


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("git+ftp://example.org/r", "is not a version control URL that is understood"),
        ("cvs+https://example.org/r", "is not a version control URL that is understood"),
        ("git+https://user:secret@example.org/r@", "has an empty revision"),
        ("git+https://example.org/r@--upload-pack=x", "names no revision"),
    ],
)
def test_bad_urls(url: str, what: str) -> None:
    with pytest.raises(RequirementError, match=what) as caught:
        parse_vcs_url(url)
    assert "secret" not in str(caught.value)


def test_misplaced_subdirectories() -> None:
    assert parse_vcs_url("git+https://example.org/r@subdirectory=a/b").misplaced_subdirectory == "a/b"
    assert parse_vcs_url("git+https://example.org/r@subdirectory=").misplaced_subdirectory is None
    assert parse_vcs_url("git+https://example.org/r@v1").misplaced_subdirectory is None


def test_commits() -> None:
    assert is_commit(COMMIT)
    assert not is_commit(COMMIT[:-1])
    assert parse_vcs_url(f"git+https://example.org/r@{COMMIT}").names_commit
    assert not parse_vcs_url("git+https://example.org/r@v1").names_commit
    assert not parse_vcs_url(f"svn+https://example.org/r@{COMMIT}").names_commit


def test_repositories_are_compared_without_what_does_not_matter() -> None:
    assert same_repository("https://example.org/a%20b/", "https://example.org/a b")
    assert not same_repository("https://example.org/a", "https://example.org/b")
