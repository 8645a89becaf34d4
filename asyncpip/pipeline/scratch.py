"""Places for the builds of one run: source trees among the system's temporary files, the rest beside the store.

A source tree does not lie below the store, because backends look for version control in the directories above it, and
somebody's home may be a repository. Environments do, because they are linked from the store.
"""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING

from asyncpip.build.child import OutputLog
from asyncpip.store.store import Store, remove_quietly, remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_PREFIX = "asyncpip-build-"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class Scratch:
    """Makes places when they are asked for, and removes them all at the end. Methods may be called in any thread."""

    def __init__(self, store: Store, *, keep: bool) -> None:
        """``keep`` leaves source trees and environments behind (`--no-clean`)."""
        self._main = store
        self._keep = keep
        self._sources: str | None = None
        self._beside: str | None = None
        self._private: Store | None = None
        self._logs: list[OutputLog] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def new_source(self) -> str:
        """Return a new, empty directory for a source tree."""
        if self._sources is None:
            # Links resolved: some builds are confused by a temporary directory that is a symbolic link (pip).
            self._sources = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX))
        return self._new_directory(self._sources)

    def new_workspace(self) -> str:
        """Return a new, empty directory on the store's file system."""
        return self._new_directory(self._place_beside())

    @property
    def private_store(self) -> Store:
        """A store for wheels that nobody will ask for again: those of directories, editables, branches."""
        if self._private is None:
            self._private = Store(os.path.join(self._place_beside(), "store"), umask=self._main.umask)
        return self._private

    def new_log(self, label: str, tell: Callable[[str], None]) -> OutputLog:
        """Return a log, which stays behind only where a build fails."""
        name = _NOT_IN_NAMES.sub("_", label).strip("._")[:60] or "project"
        path = os.path.join(tempfile.gettempdir(), f"{_PREFIX}{name}-{os.urandom(4).hex()}.log")
        log = OutputLog(path, tell)
        self._logs.append(log)
        return log

    def close(self) -> list[str]:
        """Remove what is not to be kept; return the directories that stay because of `--no-clean`."""
        for log in self._logs:
            log.close()
            if not log.is_wanted:
                remove_quietly(log.path)
        self._logs.clear()
        places = [place for place in (self._sources, self._beside) if place is not None]
        if self._keep:
            return places
        for place in places:
            remove_tree(place)
        self._sources = self._beside = self._private = None
        return []

    def _place_beside(self) -> str:
        if self._beside is None:
            self._beside = self._main.new_staging_directory()
        return self._beside

    def _new_directory(self, place: str) -> str:
        self._count += 1
        path = os.path.join(place, str(self._count))
        os.mkdir(path, 0o755)
        return path
