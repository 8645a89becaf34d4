"""`asyncpip cache`: what is stored, and less of it. pip's actions and lines for pip's own folders and our store."""

from __future__ import annotations

import os
import time

from asyncpip.commands import cache_contents as contents
from asyncpip.core.events import Level, Message
from asyncpip.core.quantities import format_size, parse_age_seconds, parse_size_bytes
from asyncpip.errors import CommandError
from asyncpip.store.prune import DEFAULT_AGE_SECONDS, drop_entries, select_to_prune, store_entries, sweep_staging
from asyncpip.store.store import open_store, process_umask, remove_quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.commands.context import CommandContext
    from asyncpip.store.prune import StoreEntry

_ALL = "*"


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    store = open_store(
        context.settings.text("cache_dir"), umask=process_umask(), warn=lambda text: _tell(context, text, Level.WARNING)
    )
    if store is None:
        raise CommandError("asyncpip cache commands can not function since cache is disabled.")
    name, *arguments = context.arguments or ("",)
    if name not in _ACTIONS:
        raise CommandError(f"Need an action ({', '.join(sorted(_ACTIONS))}) to perform.")
    action, least, most = _ACTIONS[name]
    if len(arguments) > most:
        raise CommandError("Too many arguments")
    if len(arguments) < least:
        raise CommandError("Please provide a pattern")
    action(_Cache(context, os.path.dirname(store.root), store.root), *arguments)
    return 0


class _Cache:
    """The cache directory of a run, and ways to speak."""

    def __init__(self, context: CommandContext, directory: str, root: str) -> None:
        self.context = context
        self.directory = directory
        """pip's, which holds our store in a folder."""
        self.root = root
        """Of the store."""
        self.is_dry = context.settings.flag("dry_run")

    def tell(self, text: str, level: Level = Level.INFO) -> None:
        _tell(self.context, text, level)

    def archives(self) -> list[contents.CachedArchive]:
        """Return all wheels and source distributions."""
        return [*contents.stored_archives(store_entries(self.root)), *contents.pip_wheels(self.directory)]

    def drop(self, entries: Sequence[StoreEntry], files: Sequence[str]) -> int:
        """Remove entries of the store and files of pip's; return how many bytes that are."""
        size = sum(entry.size_bytes for entry in entries) + sum(map(contents.file_size, files))
        for path in (*(entry.path for entry in entries), *files):
            self.tell(f"{'Would remove' if self.is_dry else 'Removed'} {path}", Level.VERBOSE)
        if not self.is_dry:
            drop_entries(self.root, entries, on_wait=lambda: self.tell("Waiting for installations that use the cache"))
            for path in files:
                remove_quietly(path)
            sweep_staging(self.root, now=time.time())
        return size

    def sum_up(self, count: int, size_bytes: int) -> None:
        """Tell how much has gone."""
        verb = "Files that would be removed" if self.is_dry else "Files removed"
        self.tell(f"{verb}: {count} ({format_size(size_bytes)})")


def _dir(cache: _Cache) -> None:
    cache.tell(cache.directory)


def _info(cache: _Cache) -> None:
    http = contents.pip_http_files(cache.directory)
    wheels = contents.pip_wheels(cache.directory)
    folder = os.path.join(cache.directory, contents.PIP_WHEELS_FOLDER)
    places = [os.path.join(cache.directory, name) for name in contents.PIP_HTTP_FOLDERS]
    entries = store_entries(cache.root)
    archives = contents.stored_archives(entries)
    cache.tell(
        "\n".join(
            (
                f"Package index page cache location (pip v23.3+): {places[0]}",
                f"Package index page cache location (older pips): {places[1]}",
                f"Package index page cache size: {format_size(sum(map(contents.file_size, http)))}",
                f"Number of HTTP files: {len(http)}",
                f"Locally built wheels location: {folder}",
                f"Locally built wheels size: {format_size(contents.directory_size(folder))}",
                f"Number of locally built wheels: {len(wheels)}",
                f"Store location: {cache.root}",
                f"Store size: {format_size(sum(entry.size_bytes for entry in entries))}",
                f"Number of stored wheels: {sum(each.filename.endswith('.whl') for each in archives)}",
                f"Number of wheels built here: {sum(each.is_built for each in archives)}",
                f"Number of stored index pages: {sum(entry.bucket.startswith('pages-') for entry in entries)}",
            )
        )
    )


def _list(cache: _Cache, pattern: str = _ALL) -> None:
    found = [archive for archive in cache.archives() if pattern == _ALL or archive.matches(pattern)]
    if cache.context.settings.text("list_format") == "abspath":
        if found:
            cache.tell("\n".join(sorted(path for archive in found for path in archive.paths)))
    elif found:
        lines = sorted(f" - {archive.filename} ({format_size(archive.size_bytes)})" for archive in found)
        cache.tell("Cache contents:\n")
        cache.tell("\n".join(lines))
    else:
        cache.tell("No locally built wheels cached.")


def _remove(cache: _Cache, pattern: str) -> None:
    if pattern == _ALL:
        entries = store_entries(cache.root)
        files = [path for archive in contents.pip_wheels(cache.directory) for path in archive.files]
        files += contents.pip_http_files(cache.directory)
    else:
        found = [archive for archive in cache.archives() if archive.matches(pattern)]
        entries = [entry for archive in found for entry in archive.entries]
        files = [path for archive in found for path in archive.files]
    if not entries and not files:
        told = "" if pattern == _ALL else f' for pattern "{pattern}"'
        cache.tell(f"No matching packages{told}", Level.WARNING)
    size = cache.drop(entries, files)
    directories = [] if cache.is_dry else _remove_bare_directories(cache)
    cache.sum_up(len(entries) + len(files), size)
    if not cache.is_dry:
        cache.tell(f"Directories removed: {len(directories)}")


def _remove_bare_directories(cache: _Cache) -> list[str]:
    """Remove pip's folders in which nothing of use is left; return them."""
    places = [(name, "") for name in ("http", "http-v2")] + [(contents.PIP_WHEELS_FOLDER, ".whl")]
    removed = []
    for name, ending in places:
        for directory in contents.bare_directories(os.path.join(cache.directory, name), ending):
            for entry in os.listdir(directory):
                remove_quietly(os.path.join(directory, entry))
            try:
                os.rmdir(directory)
            except OSError:
                continue
            removed.append(directory)
            cache.tell(f"Removed {directory}", Level.VERBOSE)
    remove_quietly(os.path.join(cache.directory, "selfcheck.json"))  # pip does not use it any more
    return removed


def _purge(cache: _Cache) -> None:
    _remove(cache, _ALL)


def _prune(cache: _Cache) -> None:
    age, size = cache.context.settings.text("older_than"), cache.context.settings.text("max_size")
    older_than = parse_age_seconds(age) if age else None if size else DEFAULT_AGE_SECONDS
    entries = select_to_prune(
        store_entries(cache.root),
        now=time.time(),
        older_than_seconds=older_than,
        max_size_bytes=parse_size_bytes(size) if size else None,
    )
    cache.sum_up(len(entries), cache.drop(entries, ()))


def _verify(cache: _Cache) -> None:
    from asyncpip.commands.cache_verify import is_checked, problem_of  # noqa: PLC0415 - loads OpenSSL

    bad = []
    looked_at = [entry for entry in store_entries(cache.root) if is_checked(entry)]
    for entry in looked_at:
        problem = problem_of(entry)
        if problem is not None:
            bad.append(entry)
            cache.tell(f"{entry.path}: {problem}", Level.WARNING)
    size = cache.drop(bad, ())
    cache.tell(f"Checked {len(looked_at)} stored wheels and archives: {len(bad)} damaged")
    cache.sum_up(len(bad), size)


def _tell(context: CommandContext, text: str, level: Level = Level.INFO) -> None:
    context.reporter.emit(Message(level, text))


_ACTIONS: dict[str, tuple[Callable[..., None], int, int]] = {
    "dir": (_dir, 0, 0),
    "info": (_info, 0, 0),
    "list": (_list, 0, 1),
    "remove": (_remove, 1, 1),
    "purge": (_purge, 0, 0),
    "prune": (_prune, 0, 0),
    "verify": (_verify, 0, 0),
}
"""Each action with the least and the greatest number of its arguments."""
