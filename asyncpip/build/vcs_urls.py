"""URLs of version control (``git+https://…@revision#subdirectory=…``), taken apart as pip takes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from asyncpip.core.urls import redact, split_credentials, without_fragment
from asyncpip.core.values import Value
from asyncpip.errors import RequirementError

if TYPE_CHECKING:
    from asyncpip.core.urls import Credentials

SCHEMES = {
    "git": ("http", "https", "ssh", "git", "file"),
    "hg": ("http", "https", "ssh", "static-http", "file"),
    "svn": ("http", "https", "ssh", "svn", "file"),
    "bzr": ("http", "https", "ssh", "sftp", "ftp", "lp", "file"),
}
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_ENVIRONMENT_VARIABLES = re.compile(r"\$\{[A-Za-z0-9_-]+\}(:\$\{[A-Za-z0-9_-]+\})?")
_SUBDIRECTORY = "subdirectory="


class VcsReference(Value):
    """A repository and what of it is wanted."""

    vcs: str
    """The program: ``git``, ``hg``, ``svn``, ``bzr``."""
    repository: str
    """What the program is given, with credentials where it takes them there."""
    revision: str | None
    """Branch, tag, commit, reference; None for the newest."""
    credentials: Credentials | None = None
    """What `svn` is given by options."""

    @property
    def public_url(self) -> str:
        """The repository without secrets, as `direct_url.json` names it (PEP 610)."""
        parts = urlsplit(self.repository)
        user, at, host = parts.netloc.rpartition("@")
        if not at or (self.vcs == "git" and user == "git") or _ENVIRONMENT_VARIABLES.fullmatch(user):
            return self.repository
        return urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))

    @property
    def names_commit(self) -> bool:
        """Whether the revision has the form of a full commit id, which can mean one thing only."""
        return self.vcs in ("git", "hg") and self.revision is not None and is_commit(self.revision)

    @property
    def misplaced_subdirectory(self) -> str | None:
        """X where the revision is ``subdirectory=X``: people write that for ``#subdirectory=X``."""
        if self.revision is None or not self.revision.startswith(_SUBDIRECTORY):
            return None
        return self.revision.removeprefix(_SUBDIRECTORY) or None


def parse_vcs_url(url: str) -> VcsReference:
    """Return what ``url`` refers to; raise `RequirementError` for one that no program could be given."""
    scheme, netloc, path, query, _ = urlsplit(without_fragment(url))
    vcs, plus, transport = scheme.partition("+")
    if not plus or transport not in SCHEMES.get(vcs, ()):
        known = ", ".join(f"{vcs}+{name}" for name in SCHEMES.get(vcs, ()))
        raise RequirementError(
            f"{redact(url)} is not a version control URL that is understood", hint=f"known: {known}" if known else None
        )
    revision = None
    if "@" in path:
        path, _, revision = path.rpartition("@")
        if not revision:
            raise RequirementError(
                f"The URL {redact(url)!r} has an empty revision (after @) which is not supported. Include a revision "
                "after @ or remove @ from the URL."
            )
        revision = unquote(revision)
        if revision.startswith("-"):
            raise RequirementError(f"{redact(url)} names no revision", why=f"{revision!r} would be an option of {vcs}")
    if transport == "file":
        path = unquote(path)
    repository = urlunsplit((transport, netloc, path, query, ""))
    if transport == "file" and not netloc:
        repository = f"file://{path}"
    credentials = None
    if vcs == "svn" and transport != "ssh":
        repository, credentials = split_credentials(repository)
    if transport == "ssh" and vcs in ("svn", "bzr"):
        repository = f"{vcs}+{repository}"  # their own name for it
    if vcs == "bzr" and transport == "lp":
        repository = f"lp:{path}"
    return VcsReference(vcs=vcs, repository=repository, revision=revision, credentials=credentials)


def is_commit(revision: str) -> bool:
    """Return whether ``revision`` has the form of a full commit id."""
    return _COMMIT.fullmatch(revision) is not None


def same_repository(one: str, other: str) -> bool:
    """Return whether two URLs name one repository, quoting and a slash at the end aside (pip's rule)."""
    return unquote(one).rstrip("/") == unquote(other).rstrip("/")
