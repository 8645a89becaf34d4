"""The part of `wheel` that loads the pipeline: resolve, fetch wheels, build others side by side, and tell of it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import download_output as output
from asyncpip.commands.archive_work import (
    distinct_files,
    fetch_archives,
    in_order,
    only_deps_names,
    targets_of,
    tell_archives,
)
from asyncpip.commands.install_options import ANY_INTERPRETER
from asyncpip.commands.install_report import write_timings
from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Level
from asyncpip.errors import BuildError

if TYPE_CHECKING:
    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.core.resolution import Resolved
    from asyncpip.environment.target import SchemeTemplates
    from asyncpip.pipeline.download_plan import Downloaded
    from asyncpip.store.store import Store


def make_wheels(inquiry: Inquiry, templates: SchemeTemplates, store: Store | None) -> int:
    """Do the work; return the exit code."""
    started = time.perf_counter()
    settings = inquiry.settings
    directory = os.path.abspath(settings.text("wheel_dir") or ".")
    left_out = only_deps_names(inquiry)
    done = fetch_archives(
        inquiry,
        templates,
        store,
        targets_of(inquiry, [ANY_INTERPRETER]),
        directory,
        left_out=left_out,
        wants_wheels=True,
        verifies_built=settings.flag("verify"),
    )
    everything = distinct_files(done.resolutions[0].decisions)
    wanted = [each for each in everything if each.name not in left_out]
    if settings.flag("dry_run"):
        for line in output.would_make_lines(wanted):
            inquiry.tell(Level.INFO, line)
        return 0
    tell_archives(inquiry, everything, done, directory)
    built = [each for each in wanted if _is_built_now(each, done)]
    if built:
        inquiry.tell(Level.INFO, output.built_line(in_order(inquiry, built)))
    place_of_timings = settings.text("timings")
    if place_of_timings:
        write_timings(inquiry.context, place_of_timings, {**done.timings, "total": time.perf_counter() - started})
    _raise_failures(inquiry, wanted, done)
    return 0


def _is_built_now(decision: Resolved, done: Downloaded) -> bool:
    """Return whether this run has built the wheel, which another may have done before."""
    if not isinstance(decision.choice, Candidate):
        return False
    stored = done.archives.get(decision.choice.file.url)
    return stored is not None and stored.is_built and not stored.from_store


def _raise_failures(inquiry: Inquiry, wanted: list[Resolved], done: Downloaded) -> None:
    """Tell why each wheel that is missing could not be built, and raise."""
    failed = [each for each in wanted if isinstance(each.choice, Candidate) and each.choice.file.url in done.failures]
    if not failed:
        return
    for each in failed:
        if isinstance(each.choice, Candidate):
            error = done.failures[each.choice.file.url]
            inquiry.tell(Level.ERROR, "\n".join(filter(None, (error.what, error.why, error.hint))))
    inquiry.tell(Level.INFO, output.failed_line(in_order(inquiry, failed)))
    raise BuildError("Failed to build one or more wheels")
