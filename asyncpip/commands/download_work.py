"""The part of `download` that loads the pipeline: resolve for all targets, fetch, and tell of it."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import download_output as output
from asyncpip.commands.archive_work import (
    ArchiveDirectory,
    ArchiveTarget,
    distinct_files,
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
from asyncpip.commands.resolution_request import (
    place_lines,
    places_of,
    store_or_temporary,
    telling_of_offline,
)
from asyncpip.commands.simple_index import FOLDER, write_simple_index
from asyncpip.commands.target_matrix import label_of
from asyncpip.core.events import Level
from asyncpip.errors import CommandError
from asyncpip.pipeline.download_plan import DownloadRequest, run_downloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.pipeline.download_plan import Downloaded
    from asyncpip.store.store import Store


def download(inquiry: Inquiry, choices: Sequence[TargetChoice], store: Store | None) -> int:
    """Do the work; return the exit code."""
    started = time.perf_counter()
    settings = inquiry.settings
    directory = os.path.abspath(settings.text("dest") or ".")
    dry_run = settings.flag("dry_run")
    index = inquiry.index_options()
    for line in place_lines(index):
        inquiry.tell(Level.INFO, line)
    place = ArchiveDirectory(directory, moves=store is None)
    if not dry_run:
        place.prepare()
    left_out = only_deps_names(inquiry)
    targets = targets_of(inquiry, choices)
    with store_or_temporary(store, None if dry_run else directory) as kept:
        request = DownloadRequest(
            targets=tuple(target.request(inquiry) for target in targets),
            places=places_of(inquiry, index),
            limits=inquiry.limits,
            environ=inquiry.context.environ,
            directory=None if dry_run else directory,
            wanted=lambda resolution: wanted_of(resolution, left_out),
            place=place.place,
            prefetches=not left_out,
        )
        with telling_of_offline(offline=index.offline):
            done = run_downloads(request, kept, inquiry.reporter)
    decisions = distinct_files(done.resolutions, left_out)
    if dry_run:
        for line in output.would_download_lines(decisions):
            inquiry.tell(Level.INFO, line)
    else:
        tell_archives(inquiry, distinct_files(done.resolutions, frozenset()), done, directory)
        if decisions:
            inquiry.tell(Level.INFO, output.success_line(decisions, _order(inquiry)))
    _write_beside(inquiry, targets, left_out, done, directory)
    place_of_timings = settings.text("timings")
    if place_of_timings:
        write_timings(inquiry.context, place_of_timings, {**done.timings, "total": time.perf_counter() - started})
    return 0


def _order(inquiry: Inquiry) -> dict[NormalizedName, int]:
    """Return the place of each project that was named."""
    names = dict.fromkeys(each.name for each in inquiry.input.requirements if each.name is not None)
    return {name: number for number, name in enumerate(names)}


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
        known = {each.candidate.file.filename: each.hashes["sha256"] for each in files if "sha256" in each.hashes}
        count = write_simple_index(directory, known, jobs=inquiry.limits.jobs)
        inquiry.tell(Level.INFO, output.index_line(os.path.join(directory, FOLDER), count, inquiry.cwd))


def _manifest_text(manifest: str, files: Sequence[ListedFile], targets: Sequence[ListedTarget], directory: str) -> str:
    """Return what goes into the file called ``manifest``."""
    name = os.path.basename(manifest).lower()
    try:
        if not (name.startswith("sha256sum") or name.endswith((".sha256", ".sha256sum"))):
            return requirements_text(files, targets)
        base = os.path.dirname(os.path.abspath(manifest))
        places = [os.path.join(directory, each.candidate.file.filename) for each in files]
        return checksums_text({os.path.relpath(path, base): each for path, each in zip(places, files, strict=True)})
    except KeyError as error:
        raise CommandError(
            f"could not write {manifest}",
            why=f"the index gives no hash of {error.args[0]}, and a dry run does not fetch it",
            hint="leave out `--dry-run`",
        ) from error
