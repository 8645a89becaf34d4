"""The part of `lock` that loads the pipeline: resolve, and write down what was chosen."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import is_valid_pylock_path

from asyncpip.commands.archive_work import only_deps_names
from asyncpip.commands.build_request import building
from asyncpip.commands.install_output import collecting_lines
from asyncpip.commands.install_report import TO_STDOUT, write_text, write_timings
from asyncpip.commands.resolution_request import (
    explaining_failure,
    place_lines,
    places_of,
    resolve_request,
    store_or_temporary,
)
from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo
from asyncpip.core.events import Level, Message
from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.urls import url_to_path
from asyncpip.install.plan import yanked_warning
from asyncpip.pipeline.lock_plan import LockQuestion, run_lock
from asyncpip.resolve.lock_text import lock_text
from asyncpip.resolve.lock_writer import lock_of, package_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.core.events import Event, Reporter
    from asyncpip.core.resolution import Resolved
    from asyncpip.environment.target import SchemeTemplates
    from asyncpip.pipeline.lock_plan import LockAnswer
    from asyncpip.resolve.selection import Selection
    from asyncpip.store.store import Store

CREATED_BY = "asyncpip"


def lock(inquiry: Inquiry, templates: SchemeTemplates, store: Store | None) -> int:
    """Do the work; return the exit code."""
    started = time.perf_counter()
    settings = inquiry.settings
    output = settings.text("output") or ""
    if output == TO_STDOUT:
        inquiry.reporter = _BesideResults(inquiry.reporter)
    elif not is_valid_pylock_path(Path(output)):
        inquiry.warn(f"{output} is not a valid lock file name.")
    chosen = inquiry.selection(inquiry.target, inquiry.choice)
    index = inquiry.index_options()
    for line in place_lines(index):
        inquiry.tell(Level.INFO, line)
    left_out = only_deps_names(inquiry)
    with (
        store_or_temporary(store, None) as kept,
        building(inquiry, templates) as builds,
        explaining_failure(inquiry, offline=index.offline),
    ):
        question = LockQuestion(
            resolve=resolve_request(inquiry, chosen, ignore_installed=True),
            places=places_of(inquiry, index),
            limits=inquiry.limits,
            environ=inquiry.context.environ,
            left_out=left_out,
            builds=builds,
        )
        answer = run_lock(question, kept, inquiry.reporter)
    _tell(inquiry, answer)
    locked = [each for each in answer.resolution.decisions if each.name not in left_out]
    base = inquiry.cwd if output == TO_STDOUT else os.path.dirname(os.path.realpath(output))
    text = _text(locked, answer, chosen, base)
    if settings.flag("dry_run"):
        inquiry.tell(Level.INFO, f"Would lock {len(locked)} projects in {output}")
    else:
        write_text(inquiry.context, output, text)
        inquiry.tell(Level.INFO, f"Locked {len(locked)} projects in {output}")
        inquiry.tell(Level.INFO, _note_on_hashes(locked))
    place_of_timings = settings.text("timings")
    if place_of_timings:
        write_timings(inquiry.context, place_of_timings, {**answer.timings, "total": time.perf_counter() - started})
    return 0


def _text(locked: Sequence[Resolved], answer: LockAnswer, chosen: Selection, base: str) -> str:
    """Return the text of the lock file, which lies in the directory ``base``."""

    def path_for(url: str) -> str:
        path = os.path.relpath(os.path.realpath(url_to_path(url)), base)
        return path.replace(os.sep, "/")

    known = {name: {"sha256": str(archive.digest)} for name, archive in answer.archives.items()}
    packages = [
        package_of(
            decision,
            pages=answer.pages.get(decision.name, ()),
            allowed=answer.allowed.get(decision.name, NO_HASHES),
            selection=chosen,
            known=known,
            path_for=path_for,
        )
        for decision in locked
    ]
    return lock_text(lock_of(packages, created_by=CREATED_BY))


def _note_on_hashes(locked: Sequence[Resolved]) -> str:
    """Return what to know about a lock file that holds what has no hash; empty where there is nothing to know."""
    without = [
        each.name
        for each in locked
        if isinstance(each.choice, Candidate)
        and each.choice.direct_url is not None
        and not isinstance(each.choice.direct_url.info, ArchiveInfo)
    ]
    if not without or len(without) == len(locked):
        return ""
    return f"Directories and checkouts have no hash ({', '.join(without)}): install with --no-require-hashes"


def _tell(inquiry: Inquiry, answer: LockAnswer) -> None:
    """Tell of each file where it comes from, and which of them their index has withdrawn."""
    for decision in answer.resolution.decisions:
        for line in collecting_lines(decision, answer.archives.get(decision.name), inquiry.cwd):
            inquiry.tell(Level.INFO, line, routine=True)
        if isinstance(decision.choice, Candidate) and decision.choice.file.is_yanked:
            inquiry.warn(yanked_warning(decision.choice))


class _BesideResults:
    """A `Reporter` for a run whose results go to stdout: what else would stand there is left out."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def emit(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, Message) or event.level >= Level.WARNING:
            self._reporter.emit(event)
