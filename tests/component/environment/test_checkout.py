"""What version control says of a directory: git itself, and scripts that answer as the other programs do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from asyncpip.environment.checkout import (
    InvalidRemoteError,
    MissingProgramError,
    NoRemoteError,
    VersionControlError,
    checkout_requirement,
    find_checkout,
)

IDENTITY = ["-c", "user.name=a", "-c", "user.email=a@example.org"]


def program(directory: Path, name: str, answers: dict[str, str]) -> None:
    """Write a program that answers by its first arguments, and fails on everything else."""
    directory.mkdir(exist_ok=True)
    cases = "\n".join(f"  {key!r}*) cat <<'END'\n{text}\nEND\n  exit 0;;" for key, text in answers.items())
    script = directory / name
    script.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}\nesac\necho "{name}: no" >&2\nexit 3\n')
    script.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose programs come first."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin"


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *IDENTITY, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    (path / "inner" / "src").mkdir(parents=True)
    (path / "pyproject.toml").touch()
    (path / "inner" / "setup.py").touch()
    git(path, "init", "-q", "-b", "main")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "x")
    return path


def requirement(path: Path, name: str = "my-project") -> str:
    checkout = find_checkout(str(path))
    assert checkout is not None
    return checkout_requirement(checkout, str(path), name)


def test_no_checkout(tmp_path: Path) -> None:
    assert find_checkout(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://git.example/r.git", "git+https://git.example/r.git"),
        ("https://user:secret@git.example/r.git", "git+https://git.example/r.git"),
        ("ssh://git@git.example/r.git", "git+ssh://git@git.example/r.git"),
        ("git@git.example:group/r.git", "git+ssh://git@git.example/group/r.git"),
        ("git.example:r.git", "git+ssh://git.example/r.git"),
    ],
)
def test_git(repository: Path, remote: str, url: str) -> None:
    git(repository, "remote", "add", "other", "https://elsewhere.example/r.git")
    git(repository, "remote", "add", "origin", remote)
    commit = git(repository, "rev-parse", "HEAD")
    assert requirement(repository) == f"{url}@{commit}#egg=my_project"
    assert requirement(repository / "inner" / "src") == f"{url}@{commit}#egg=my_project&subdirectory=inner"


def test_git_of_a_local_directory(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "bare one").mkdir()
    git(repository, "remote", "add", "origin", str(tmp_path / "bare one"))
    assert requirement(repository).startswith(f"git+file://{tmp_path}/bare%20one@")
    git(repository, "remote", "set-url", "origin", "../missing")
    with pytest.raises(InvalidRemoteError) as caught:
        requirement(repository)
    assert caught.value.url == "../missing"


def test_git_without_remote_or_commit(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(NoRemoteError):
        requirement(repository)
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    git(empty, "remote", "add", "origin", "https://git.example/r.git")
    with pytest.raises(VersionControlError, match="git rev-parse ended with exit code 128"):
        requirement(empty)


def test_programs_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".hg").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    checkout = find_checkout(str(tmp_path))
    assert checkout is not None
    assert checkout.title == "Mercurial"
    with pytest.raises(MissingProgramError, match="'hg'"):
        checkout_requirement(checkout, str(tmp_path), "x")


def test_mercurial(programs: Path, tmp_path: Path) -> None:
    project = tmp_path / "top" / "project"
    project.mkdir(parents=True)
    (project / "setup.py").touch()
    program(
        programs,
        "hg",
        {
            "root": str(tmp_path / "top"),
            "showconfig paths.default": "https://hg.example/r",
            "parents --template={node}": "ab12",
        },
    )
    assert requirement(project) == "hg+https://hg.example/r@ab12#egg=my_project&subdirectory=project"


def test_the_innermost_checkout_counts(programs: Path, repository: Path) -> None:
    program(programs, "hg", {"root": str(repository / "inner")})
    found = find_checkout(str(repository / "inner" / "src"))
    assert found is not None
    assert (found.program, found.root) == ("hg", str(repository / "inner"))


def test_subversion(programs: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".svn").mkdir(parents=True)
    (project / "setup.py").touch()
    entry = (
        '<info><entry revision="9"><url>https://svn.example/r/trunk</url><commit revision="7"></commit></entry></info>'
    )
    program(programs, "svn", {"info --xml": entry})
    assert requirement(project) == "svn+https://svn.example/r/trunk@7#egg=my_project"
    program(programs, "svn", {"info --xml": "<info/>"})
    with pytest.raises(NoRemoteError):
        requirement(project)


def test_bazaar(programs: Path, tmp_path: Path) -> None:
    (tmp_path / ".bzr").mkdir()
    program(programs, "bzr", {"info": "Standalone tree\n  parent branch: https://bzr.example/r", "revno": "5"})
    assert requirement(tmp_path) == "bzr+https://bzr.example/r@5#egg=my_project"
    program(programs, "bzr", {"info": "Standalone tree"})
    with pytest.raises(NoRemoteError):
        requirement(tmp_path)


def test_enclosing_git_command_is_not_asked(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a git hook, whose variables name its own repository."""
    git(repository, "remote", "add", "origin", "https://git.example/r.git")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nothing"))
    assert requirement(repository).startswith("git+https://git.example/r.git@")
    assert Path(repository / ".git").is_dir()
