"""Repositories checked out by their own programs: git, hg, svn, bzr. Blocks; for worker threads.

What a program prints goes to a log with the credentials in URLs hidden, and a program that fails becomes a `BuildError`
with the end of it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from asyncpip.build.vcs_urls import is_commit, same_repository
from asyncpip.core.urls import path_to_url, redact
from asyncpip.errors import BuildError
from asyncpip.store.store import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncpip.build.child import Children, OutputLog
    from asyncpip.build.vcs_urls import VcsReference

_GIT_VERSION = re.compile(r"git version (\d+)\.(\d+)")
_PARTIAL_CLONE_FROM = (2, 17)
_NO_PARTIAL_CLONE = "PIP_NO_PARTIAL_CLONE_FOR_BROKEN_GIT_SERVER"
_SVN_REVISION = re.compile(r'\s*revision="(\d+)"')
_SVN_URL = re.compile(r"<url>(.*)</url>")
_BZR_BRANCH = re.compile(r"^\s*(?:checkout of branch|parent branch): (.*)$", re.MULTILINE)
_MOST_SHOWN_LINES = 15
_DIRECTORIES = {"git": ".git", "hg": ".hg", "svn": ".svn", "bzr": ".bzr"}
_WANT_PASSWORD = ("could not read Username", "could not read Password", "Authentication failed", "Permission denied")
_UNSET = ("GIT_DIR", "GIT_WORK_TREE")
"""They would turn git from the checkout to another one."""


class Checkout(NamedTuple):
    """What was checked out."""

    commit_id: str
    is_immutable: bool
    """Whether the revision asked for is a commit's full id and nothing else: it will never mean something else."""
    revision_was_found: bool = True
    """False where the newest was taken because there is no such revision as `VcsReference.misplaced_subdirectory`."""


class Repository:
    """One repository on its way to a directory."""

    def __init__(
        self,
        reference: VcsReference,
        directory: str,
        *,
        label: str,
        environ: Mapping[str, str],
        children: Children,
        log: OutputLog,
        tell: Callable[[str], None],
        interactive: bool,
    ) -> None:
        """``interactive`` lets the program ask for passwords on the terminal."""
        self._reference = reference
        self._directory = directory
        self._label = label
        self._environ = vcs_environ(environ, interactive=interactive)
        self._children = children
        self._log = log
        self._tell = tell
        self._interactive = interactive

    def check_out(self) -> Checkout:
        """Check out into the directory, which does not exist yet; nothing is left of it after an error."""
        reference = self._reference
        wanted = f" (to revision {reference.revision})" if reference.revision else ""
        self._tell(f"  Cloning {redact(reference.repository)}{wanted} to {self._directory}")
        try:
            match reference.vcs:
                case "git":
                    checkout = self._clone_git()
                case "hg":
                    checkout = self._clone_hg()
                case "svn":
                    checkout = self._check_out_svn()
                case _:
                    checkout = self._check_out_bzr()
        except BaseException:
            remove_tree(self._directory)
            raise
        self._tell(f"  Resolved {redact(reference.repository)} to commit {checkout.commit_id}")
        return checkout

    def update(self) -> Checkout:
        """Bring a checkout of the same repository to the revision that is asked for."""
        revision = self._reference.revision
        match self._reference.vcs:
            case "git":
                if revision is None or self._git_head() != revision:
                    self._run(["fetch", "--tags", "-q"], "fetching from")
                    found = self._find_git_revision(revision or "HEAD")
                    target = found.commit or revision or "origin/HEAD"
                    self._run(["reset", "--hard", "-q", target], "switching to the revision of")
                    self._update_submodules()
            case "hg":
                self._run(["pull", "-q"], "pulling from")
                self._run(["update", "-q", *self._revision_arguments()], "switching to the revision of")
            case "svn":
                arguments = ["update", "-q", *self._svn_options(), *self._revision_arguments(), self._directory]
                self._run(arguments, "updating from")
            case _:
                self._run(["update", "-q", *self._revision_arguments()], "updating from")
        return self.current()

    def current(self) -> Checkout:
        """Return what the directory holds, as it is."""
        match self._reference.vcs:
            case "git":
                return self._git_checkout()
            case "hg":
                return Checkout(self._read(["parents", "--template={node}"]), is_immutable=False)
            case "svn":
                return self._svn_checkout()
            case _:
                return self._bzr_checkout()

    def is_repository(self) -> bool:
        """Return whether the directory is a checkout of the same program."""
        return os.path.exists(os.path.join(self._directory, _DIRECTORIES[self._reference.vcs]))

    def is_same(self) -> bool:
        """Return whether the directory is a checkout of the same repository."""
        match self._reference.vcs:
            case "git":
                url = self._read(["config", "--get", "remote.origin.url"], may_fail=True)
            case "hg":
                url = self._read(["showconfig", "paths.default"], may_fail=True)
            case "svn":
                found = _SVN_URL.search(self._read(["info", "--xml"], may_fail=True))
                url = found[1] if found else ""
            case _:
                branch = _BZR_BRANCH.search(self._read(["info"], may_fail=True))
                url = branch[1] if branch else ""
        return same_repository(path_to_url(url) if url.startswith("/") else url, self._reference.repository)

    def switch(self) -> Checkout:
        """Make a checkout of another repository, or revision, one of this."""
        url = self._reference.repository
        match self._reference.vcs:
            case "git":
                self._run(["config", "remote.origin.url", url], "switching to")
            case "svn":
                self._run(["switch", *self._svn_options(), *self._revision_arguments(), url, "."], "switching to")
            case "bzr":
                self._run(["switch", url], "switching to")
            case program:
                raise BuildError(f"{self._directory} cannot be switched to another repository of {program}")
        return self.update()

    # --- git

    def _clone_git(self) -> Checkout:
        reference = self._reference
        partial = ["--filter=blob:none"] if self._clones_partially() else []
        clone = ["clone", *partial, "--quiet", reference.repository, self._directory]
        self._run(clone, "cloning", inside=False)
        revision_was_found = True
        if reference.revision is not None:
            found = self._find_git_revision(reference.revision)
            if found.commit is None and reference.misplaced_subdirectory is not None:
                revision_was_found = False
            elif found.branch is not None and found.branch != self._current_branch():
                arguments = ["checkout", "-q", "-b", found.branch, "--track", f"origin/{found.branch}"]
                self._run(arguments, "switching to the branch of")
            elif found.branch is None and self._git_head() != (found.commit or reference.revision):
                self._check_out_git(found.commit or reference.revision)
        self._update_submodules()
        return self._git_checkout()._replace(revision_was_found=revision_was_found)

    def _clones_partially(self) -> bool:
        if self._environ.get(_NO_PARTIAL_CLONE, "no").lower() in ("y", "yes", "t", "true", "on", "1"):
            return False
        version = _GIT_VERSION.match(self._read(["version"], inside=False))
        return version is None or (int(version[1]), int(version[2])) >= _PARTIAL_CLONE_FROM

    def _find_git_revision(self, revision: str) -> _GitRevision:
        """Return what ``revision`` means: a branch, a tag, or something that has to be fetched (pip's order)."""
        commits = {}
        for line in self._read(["show-ref", revision], may_fail=True).split("\n"):
            commit, _, name = line.strip().partition(" ")
            commits[name] = commit
        branch = commits.get(f"refs/remotes/origin/{revision}")
        if branch is not None:
            return _GitRevision(branch, revision)
        tag = commits.get(f"refs/tags/{revision}")
        if tag is not None:
            return _GitRevision(tag)
        here = self._read(["rev-parse", "-q", "--verify", f"{revision}^{{commit}}"], may_fail=True)
        if revision.startswith("refs/") or (is_commit(revision) and not here):
            self._run(["fetch", "-q", self._reference.repository, revision], "fetching the revision of")
            return _GitRevision(self._read(["rev-parse", "FETCH_HEAD"]))
        return _GitRevision(here or None)

    def _check_out_git(self, revision: str) -> None:
        try:
            self._run(["checkout", "-q", revision], "switching to the revision of")
        except BuildError as error:
            if self._log.holds("did not match any"):
                raise BuildError(
                    f"{redact(self._reference.repository)} has no revision {revision!r}",
                    why="it is the name of no branch, tag or commit there",
                    hint="correct what stands behind @ in the URL",
                ) from error
            raise

    def _git_checkout(self) -> Checkout:
        commit, revision = self._git_head(), self._reference.revision
        is_name = revision is not None and bool(self._read(["show-ref", revision], may_fail=True))
        return Checkout(commit, is_immutable=revision is not None and commit == revision.lower() and not is_name)

    def _git_head(self) -> str:
        return self._read(["rev-parse", "HEAD"], may_fail=True)

    def _current_branch(self) -> str | None:
        head = self._read(["symbolic-ref", "-q", "HEAD"], may_fail=True)
        return head.removeprefix("refs/heads/") or None

    def _update_submodules(self) -> None:
        if os.path.exists(os.path.join(self._directory, ".gitmodules")):
            self._run(["submodule", "update", "--init", "--recursive", "-q"], "fetching the submodules of")

    # --- the others

    def _clone_hg(self) -> Checkout:
        self._run(["clone", "--noupdate", "-q", self._reference.repository, self._directory], "cloning", inside=False)
        self._run(["update", "-q", *self._revision_arguments()], "switching to the revision of")
        commit = self._read(["parents", "--template={node}"])
        return Checkout(commit, is_immutable=commit == self._reference.revision)

    def _check_out_svn(self) -> Checkout:
        options = ["-q", *self._svn_options(), *self._revision_arguments()]
        self._run(["checkout", *options, self._reference.repository, self._directory], "checking out", inside=False)
        return self._svn_checkout()

    def _svn_checkout(self) -> Checkout:
        revisions = _SVN_REVISION.findall(self._read(["info", "--xml", self._directory]))
        return Checkout(str(max(map(int, revisions), default=0)), is_immutable=False)

    def _svn_options(self) -> list[str]:
        credentials = self._reference.credentials
        options = [] if self._interactive else ["--non-interactive"]
        if credentials is not None:
            options += ["--username", credentials.username] if credentials.username else []
            options += ["--password", credentials.password] if credentials.password else []
        return options

    def _check_out_bzr(self) -> Checkout:
        options = ["--lightweight", "-q", *self._revision_arguments()]
        self._run(["checkout", *options, self._reference.repository, self._directory], "checking out", inside=False)
        return self._bzr_checkout()

    def _bzr_checkout(self) -> Checkout:
        return Checkout(self._read(["revno", "--tree"]).rpartition("\n")[2], is_immutable=False)

    def _revision_arguments(self) -> list[str]:
        revision = self._reference.revision
        if revision is None:
            return []
        return [f"--rev={revision}"] if self._reference.vcs == "hg" else ["-r", revision]

    # --- programs

    def _run(self, arguments: Sequence[str], doing: str, *, inside: bool = True) -> None:
        """Run the program; raise `BuildError` where it fails."""
        vcs = self._reference.vcs
        try:
            code = self._children.run(
                [vcs, *arguments],
                cwd=self._directory if inside else None,
                environ=self._environ,
                log=self._log,
                shown=self._shown(arguments),
                keeps_terminal=self._interactive,
            )
        except OSError as error:
            raise self._cannot_start(error) from error
        if code:
            hint = None
            if any(self._log.holds(text) for text in _WANT_PASSWORD):
                hint = "it asks for a user name and password or a key, and was given none that it accepts"
            raise BuildError(
                f"Failed to build '{self._label}' when {doing} {redact(self._reference.repository)}",
                why=f"`{self._shown(arguments)}` failed (exit code {code}):\n{self._log.show(_MOST_SHOWN_LINES)}",
                hint=hint,
            )

    def _read(self, arguments: Sequence[str], *, inside: bool = True, may_fail: bool = False) -> str:
        """Return what the program prints; empty where it fails and may."""
        vcs = self._reference.vcs
        try:
            code, output = self._children.read(
                [vcs, *arguments], cwd=self._directory if inside else None, environ=self._environ
            )
        except OSError as error:
            raise self._cannot_start(error) from error
        if not code:
            return output.strip()
        if may_fail:
            return ""
        raise BuildError(
            f"Failed to build '{self._label}' when looking at the checkout of {redact(self._reference.repository)}",
            why=f"`{self._shown(arguments)}` failed (exit code {code})",
        )

    def _shown(self, arguments: Sequence[str]) -> str:
        words = [*arguments]
        for place, word in enumerate(arguments[:-1]):
            if word == "--password":
                words[place + 1] = "****"
        return redact(" ".join([self._reference.vcs, *words]))

    def _cannot_start(self, error: OSError) -> BuildError:
        vcs = self._reference.vcs
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return BuildError(
                f"Cannot find command '{vcs}' - do you have '{vcs}' installed and in your PATH?",
                why=f"{self._label} is to be fetched from {redact(self._reference.repository)}",
                hint=f"install {vcs}, or take {self._label} from an index or an archive",
            )
        return BuildError(f"No permission to execute '{vcs}'", why=str(error))


class _GitRevision(NamedTuple):
    """What a revision means."""

    commit: str | None
    """None where git may know better."""
    branch: str | None = None


def vcs_environ(environ: Mapping[str, str], *, interactive: bool) -> dict[str, str]:
    """Return the environment of version control programs."""
    result = {name: value for name, value in environ.items() if name not in _UNSET}
    if not interactive:
        result["GIT_TERMINAL_PROMPT"] = "0"
        result["GIT_SSH_COMMAND"] = f"{environ.get('GIT_SSH_COMMAND', 'ssh')} -oBatchMode=yes"
    return result
