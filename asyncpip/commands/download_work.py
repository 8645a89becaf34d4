"""The part of `download` that loads the pipeline: resolve for all targets, fetch, and tell of it."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import download_output as output
from asyncpip.commands.archive_work import (
    ArchiveTarget,
    distinct_files,
    fetch_archives,
    in_order,
    only_deps_names,
    targets_of,
    tell_archives,
    wanted_of,
)
from asyncpip.commands.download_listing import (
    ListedFile,
    ListedTarget,
    checksums_text,
    list_files,
    report,
    requirements_text,
)
from asyncpip.commands.install_report import write_text, write_timings
from asyncpip.commands.simple_index import FOLDER, write_simple_index
from asyncpip.commands.target_matrix import label_of
from asyncpip.core.events import Level
from asyncpip.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.environment.target import SchemeTemplates
    from asyncpip.pipeline.download_plan import Downloaded
    from asyncpip.store.store import Store


def download(inquiry: Inquiry, choices: Sequence[TargetChoice], templates: SchemeTemplates, store: Store | None) -> int:
    """Do the work; return the exit code."""
    started = time.perf_counter()
    settings = inquiry.settings
    directory = os.path.abspath(settings.text("dest") or ".")
    left_out = only_deps_names(inquiry)
    targets = targets_of(inquiry, choices)
    done = fetch_archives(inquiry, templates, store, targets, directory, left_out=left_out)
    everything = distinct_files(each for resolution in done.resolutions for each in resolution.decisions)
    if settings.flag("dry_run"):
        wanted = distinct_files(each for resolution in done.resolutions for each in wanted_of(resolution, left_out))
        for line in output.would_download_lines(wanted):
            inquiry.tell(Level.INFO, line)
    else:
        tell_archives(inquiry, everything, done, directory)
        told = [each for each in everything if each.name not in left_out]
        if told:
            inquiry.tell(Level.INFO, output.success_line(in_order(inquiry, told)))
    _write_beside(inquiry, targets, left_out, done, directory)
    place_of_timings = settings.text("timings")
    if place_of_timings:
        write_timings(inquiry.context, place_of_timings, {**done.timings, "total": time.perf_counter() - started})
    return 0


def _write_beside(
    inquiry: Inquiry,
    targets: Sequence[ArchiveTarget],
    left_out: frozenset[NormalizedName],
    done: Downloaded,
    directory: str,
) -> None:
    """Write report, manifests and index, as far as they are asked for."""
    settings = inquiry.settings
    place, manifests = settings.text("report"), settings.texts("manifests")
    indexes = settings.flag("simple_index") and not settings.flag("dry_run")
    if not (place or manifests or indexes):
        return
    listed = [
        ListedTarget(label=target.label or label_of(target.choice), markers=target.environment.markers)
        for target in targets
    ]
    files = list_files([wanted_of(each, left_out) for each in done.resolutions], done.archives)
    if place:
        fetched_into = None if settings.flag("dry_run") else directory
        text = json.dumps(report(files, listed, directory=fetched_into), indent=2, ensure_ascii=False)
        write_text(inquiry.context, place, text + "\n")
    for manifest in manifests:
        write_text(inquiry.context, manifest, _manifest_text(manifest, files, listed, directory))
    if indexes:
        known = {each.filename: each.hashes["sha256"] for each in files if "sha256" in each.hashes}
        count = write_simple_index(directory, known, jobs=inquiry.limits.jobs)
        inquiry.tell(Level.INFO, output.index_line(os.path.join(directory, FOLDER), count, inquiry.cwd))


def _manifest_text(manifest: str, files: Sequence[ListedFile], targets: Sequence[ListedTarget], directory: str) -> str:
    """Return what goes into the file called ``manifest``."""
    name = os.path.basename(manifest).lower()
    try:
        if not (name.startswith("sha256sum") or name.endswith((".sha256", ".sha256sum"))):
            return requirements_text(files, targets)
        base = os.path.dirname(os.path.abspath(manifest))
        places = [os.path.join(directory, each.filename) for each in files]
        return checksums_text({os.path.relpath(path, base): each for path, each in zip(places, files, strict=True)})
    except KeyError as error:
        raise CommandError(
            f"could not write {manifest}",
            why=f"the index gives no hash of {error.args[0]}, and a dry run does not fetch it",
            hint="leave out `--dry-run`",
        ) from error
