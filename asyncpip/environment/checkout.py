"""Which version control a directory is under, from where, and at which commit: asked of git, hg, svn and bzr.

Only looks; cloning is left to builds. The questions, and what is made of the answers, are pip's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from asyncpip.core.urls import path_to_url, redact, without_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_SECONDS = 60.0
"""A program that asks nobody and talks to no server, on a slow network disk."""
_SCP = re.compile(r"^(\w+@)?([^/:]+):(\w[^:]*)$")
_SVN_URL = re.compile(r"<url>([^<]*)</url>")
_SVN_REVISION = re.compile(r'<commit[^>]*revision="(\d+)"')


class VersionControlError(Exception):
    """A program did not answer as it should; the text says what it said."""


class MissingProgramError(VersionControlError):
    """The program is not installed."""


class NoRemoteError(VersionControlError):
    """The checkout comes from nowhere."""


class InvalidRemoteError(VersionControlError):
    """The checkout's remote is no URL, and no directory that is there."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = redact(url)


class Checkout(NamedTuple):
    """The version control of a directory."""

    program: str
    """``git``; also how its URLs begin."""
    title: str
    """As comments of `freeze` call it."""
    root: str


_PROGRAMS = (
    ("git", "Git", ".git"),
    ("hg", "Mercurial", ".hg"),
    ("svn", "Subversion", ".svn"),
    ("bzr", "Bazaar", ".bzr"),
)
_ROOT_COMMANDS = {"git": ("rev-parse", "--show-toplevel"), "hg": ("root",)}


def find_checkout(location: str) -> Checkout | None:
    """Return the innermost checkout that ``location`` is in; None where it is in none."""
    found = []
    for program, title, marker in _PROGRAMS:
        root = location if os.path.exists(os.path.join(location, marker)) else _root(program, location)
        if root is not None:
            found.append(Checkout(program, title, root))
    return max(found, key=lambda checkout: len(checkout.root), default=None)


def checkout_requirement(checkout: Checkout, location: str, raw_name: str) -> str:
    """Return ``git+https://…@commit#egg=name`` for the project in ``location``; raise `VersionControlError`."""
    remote, revision, root = {"git": _git, "hg": _hg, "svn": _svn, "bzr": _bzr}[checkout.program](location)
    if remote.startswith(("http://", "https://")):
        remote = without_credentials(remote)  # a requirements file is no place for a password
    if not remote.lower().startswith(f"{checkout.program}:"):
        remote = f"{checkout.program}+{remote}"
    requirement = f"{remote}@{quote(revision, '/')}#egg={raw_name.replace('-', '_')}"
    subdirectory = _subdirectory(location, root) if root is not None else None
    return f"{requirement}&subdirectory={subdirectory}" if subdirectory else requirement


def _root(program: str, location: str) -> str | None:
    """Return the root above ``location`` where the program knows one."""
    command = _ROOT_COMMANDS.get(program)
    if command is None:
        return None
    try:
        return os.path.normpath(_ask(program, command, location))
    except VersionControlError:
        return None


def _git(location: str) -> tuple[str, str, str]:
    remotes = _ask("git", ("config", "--get-regexp", r"remote\..*\.url"), location, allowed=(0, 1)).splitlines()
    if not remotes:
        raise NoRemoteError
    chosen = next((line for line in remotes if line.startswith("remote.origin.url ")), remotes[0])
    revision = _ask("git", ("rev-parse", "HEAD"), location)
    directory = os.path.join(location, _ask("git", ("rev-parse", "--git-dir"), location))
    return _git_url(chosen.partition(" ")[2].strip()), revision, os.path.abspath(os.path.join(directory, ".."))


def _git_url(url: str) -> str:
    """Return a git remote as a URL: that of a path, and ``user@host:path``, which is short for ssh."""
    if re.match(r"\w+://", url):
        return url
    if os.path.exists(url):
        return path_to_url(url)
    scp = _SCP.match(url)
    if scp is None:
        raise InvalidRemoteError(url)
    return f"ssh://{scp[1] or ''}{scp[2]}/{scp[3]}"


def _hg(location: str) -> tuple[str, str, str]:
    url = _ask("hg", ("showconfig", "paths.default"), location)
    if os.path.isabs(url):
        url = path_to_url(url)
    revision = _ask("hg", ("parents", "--template={node}"), location)
    return url, revision, os.path.join(location, _ask("hg", ("root",), location))


def _svn(location: str) -> tuple[str, str, None]:
    directory = _project_around(location)
    if directory is None:
        raise NoRemoteError
    described = _ask("svn", ("info", "--xml", directory), location)
    url = _SVN_URL.search(described)
    if url is None:
        raise NoRemoteError
    revisions = [
        int(number) for number in _SVN_REVISION.findall(_ask("svn", ("info", "--xml", "-R", location), location))
    ]
    return url[1], str(max(revisions, default=0)), None


def _bzr(location: str) -> tuple[str, str, None]:
    for line in _ask("bzr", ("info",), location).splitlines():
        for prefix in ("checkout of branch: ", "parent branch: "):
            if line.strip().startswith(prefix):
                place = line.strip()[len(prefix) :]
                url = path_to_url(place) if os.path.isdir(place) else place
                return url, _ask("bzr", ("revno",), location).splitlines()[-1], None
    raise NoRemoteError


def _subdirectory(location: str, root: str) -> str | None:
    """Return where below ``root`` the project of ``location`` lies; None where that is the root, or none is found."""
    directory = _project_around(location)
    return None if directory is None or os.path.samefile(root, directory) else os.path.relpath(directory, root)


def _project_around(location: str) -> str | None:
    """Return ``location`` or the nearest directory above it that is a project; None where there is none."""
    directory = location
    while not _is_project(directory):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _is_project(directory: str) -> bool:
    return any(os.path.isfile(os.path.join(directory, name)) for name in ("pyproject.toml", "setup.py"))


def _ask(program: str, arguments: Sequence[str], location: str, *, allowed: Sequence[int] = (0,)) -> str:
    """Return what the program prints; raise where it cannot be run, or says that something is wrong."""
    path = shutil.which(program)
    if path is None:
        raise MissingProgramError(
            f"Cannot find command {program!r} - do you have {program!r} installed and in your PATH?"
        )
    # Variables by which an enclosing git command points at its own repository; no question to a terminal.
    environ = {key: value for key, value in os.environ.items() if key not in ("GIT_DIR", "GIT_WORK_TREE")}
    environ["GIT_TERMINAL_PROMPT"] = "0"
    try:
        done = subprocess.run(
            [path, *arguments],
            cwd=location,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VersionControlError(str(error)) from error
    if done.returncode not in allowed:
        complaint = redact(done.stderr.decode("utf-8", "replace").strip())
        raise VersionControlError(f"{program} {arguments[0]} ended with exit code {done.returncode}: {complaint}")
    return done.stdout.decode("utf-8", "surrogateescape").strip()
