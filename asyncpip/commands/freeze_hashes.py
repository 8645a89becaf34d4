"""`freeze --require-hashes`: the digests of all files of each release, as the indexes list them, asked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.commands.index_questions import ask_indexes
from asyncpip.core.events import Level, Message
from asyncpip.core.version_text import canonical_version
from asyncpip.errors import CommandError
from asyncpip.store.store import open_store, process_umask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.frozen import FrozenRequirement
    from asyncpip.core.page import ProjectPage

_FRAGMENT = "#sha256="


def add_hashes(context: CommandContext, frozen: Sequence[FrozenRequirement]) -> None:
    """Add `--hash` lines to every requirement; raise where there is one without known digests."""
    store = open_store(
        context.settings.text("cache_dir"),
        umask=process_umask(),
        warn=lambda text: context.reporter.emit(Message(Level.WARNING, text)),
    )
    versions = {each.name: each.version for each in frozen if each.version is not None}
    pages, failed_places = ask_indexes(context, list(versions), store)
    unknown = []
    for each in frozen:
        if each.version is None:
            if each.is_editable or _FRAGMENT not in each.requirement:
                unknown.append(f"{each.raw_name}: {'editable' if each.is_editable else each.requirement}")
            continue
        digests = _digests(pages[each.name], each.version)
        if not digests:
            unknown.append(f"{each.raw_name}: no index lists a hash of {each.version}")
        each.requirement = " \\\n".join([each.requirement, *(f"    --hash=sha256:{digest}" for digest in digests)])
    if unknown:
        unknown += [f"{place} did not answer" for place in failed_places]
        raise CommandError(
            "Hashes are required, but not known for all that is installed",
            why="\n".join(unknown),
            hint="leave projects out with --exclude, those in development mode with --exclude-editable",
        )


def _digests(pages: Sequence[ProjectPage], version: str) -> list[str]:
    """Return the SHA-256 digests of all files of ``version``, sorted."""
    return sorted(
        {
            file.hashes["sha256"]
            for page in pages
            for text in page.versions
            if canonical_version(text) == version
            for file in page.files(text)
            if "sha256" in file.hashes
        }
    )
