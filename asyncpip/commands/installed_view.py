"""What commands that look at an environment begin with: which one, and what is installed there. Lean.

What a killed installation left is undone first, as any run does that looks at an environment; while another process is
still installing, what can be seen is shown, with a warning.
"""

from __future__ import annotations

import os

from asyncpip.core.events import Level, Message
from asyncpip.environment.direct_url_file import InvalidDirectUrlError, is_editable, read_direct_url_data
from asyncpip.environment.scan import editable_link_names, egg_links, scan
from asyncpip.environment.view import open_view
from asyncpip.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any

    from asyncpip.commands.context import CommandContext
    from asyncpip.environment.scan import FoundDistribution, Scan
    from asyncpip.store.store import Store


class InstalledView:
    """The installed distributions of one environment, or of the directories of `--path`."""

    def __init__(self, context: CommandContext, paths: tuple[str, ...] = ()) -> None:
        self._context = context
        self._direct_urls: dict[str, dict[str, Any] | None] = {}
        self._warnings: set[str] = set()
        self.environment = open_view(
            python=context.settings.text("python"), environ=context.environ, records=_LateRecords(context)
        )
        if self.environment.notice:
            self.warn(self.environment.notice)
        self._paths = list(paths) or self.environment.sys_path
        result = self._scan()
        if result.unfinished:
            from asyncpip.commands.holding import settle  # noqa: PLC0415 - hardly ever needed

            settle(dict.fromkeys(result.unfinished), self.warn)
            result = self._scan()
        self.all: list[FoundDistribution] = result.found
        """Every distribution, in the order of the directories."""
        # With `--path` too, a link in the environment itself makes an editable.
        self._egg_links = result.egg_links | (egg_links(self.environment.sys_path) if paths else set())

    def warn(self, text: str) -> None:
        """Warn, of the same thing once."""
        if text not in self._warnings:
            self._warnings.add(text)
            self._context.reporter.emit(Message(Level.WARNING, text))

    def chosen(self, *, local: bool = False, user: bool = False, skip: Collection[str] = ()) -> list[FoundDistribution]:
        """Return the distributions that the options `--local` and `--user` leave."""
        return [
            each
            for each in self.all
            if (each.is_local or not local) and (each.in_user_site or not user) and each.name not in skip
        ]

    def direct_url(self, distribution: FoundDistribution) -> dict[str, Any] | None:
        """Return what `direct_url.json` says; None where there is none, or with a warning where it is invalid."""
        path = distribution.info_path
        if path not in self._direct_urls:
            try:
                self._direct_urls[path] = read_direct_url_data(path)
            except InvalidDirectUrlError as error:
                self.warn(f"Error parsing direct_url.json for {distribution.name}: {error}")
                self._direct_urls[path] = None
        return self._direct_urls[path]

    def editable_location(self, distribution: FoundDistribution) -> str | None:
        """Return the project directory of a distribution in development mode; None for every other one."""
        data = self.direct_url(distribution)
        if data is not None:
            return _path_of(data["url"]) if is_editable(data) else None
        return distribution.location if self._egg_links and self._is_linked(distribution) else None

    def _is_linked(self, distribution: FoundDistribution) -> bool:
        """Return whether setuptools installed it in development mode, before PEP 660."""
        return not self._egg_links.isdisjoint(editable_link_names(distribution.raw_name))

    def _scan(self) -> Scan:
        environment = self.environment
        wants_user = self._context.settings.changed_values().get("user")
        return scan(
            self._paths,
            virtual_prefix=environment.virtual_prefix,
            user_site=environment.user_site if wants_user else None,
            warn=self.warn,
        )


def check_path_option(context: CommandContext) -> tuple[str, ...]:
    """Return the directories of `--path`; raise where it is combined with what it excludes."""
    settings = context.settings
    paths = settings.texts("paths")
    if paths and (settings.flag("user") or settings.flag("local")):
        raise CommandError("Cannot combine '--path' with '--user' or '--local'")
    return paths


def print_lines(context: CommandContext, lines: Iterable[str]) -> None:
    """Print results of a command whose results `-q` silences (`list`, `show`, `check`); tabs as blanks, as in pip."""
    text = "\n".join(lines).expandtabs()
    if text:
        context.reporter.emit(Message(Level.INFO, text))


class _LateRecords:
    """The store as far as another interpreter's answers are kept in it, opened when one is asked."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context
        self._store: Store | None = None
        self._is_open = False

    def read_record(self, bucket: str, key: str) -> bytes | None:
        """See `RecordStore`."""
        store = self._open()
        return None if store is None else store.read_record(bucket, key)

    def write_record(self, bucket: str, key: str, *data: bytes | bytearray) -> None:
        """See `RecordStore`."""
        store = self._open()
        if store is not None:
            store.write_record(bucket, key, *data)

    def _open(self) -> Store | None:
        if not self._is_open:
            from asyncpip.store.store import open_store, process_umask  # noqa: PLC0415 - see above

            self._is_open = True
            self._store = open_store(
                self._context.settings.text("cache_dir"), umask=process_umask(), warn=lambda _text: None
            )
        return self._store


def _path_of(url: str) -> str | None:
    """Return the path of a `file:` URL; None where it names another host."""
    if url.startswith("file:///") and "%" not in url and "#" not in url and "?" not in url and os.sep == "/":
        return url[len("file://") :]
    from asyncpip.core.urls import url_to_path  # noqa: PLC0415 - loads `re` and `urllib.parse`

    try:
        return url_to_path(url)
    except ValueError:
        return None
