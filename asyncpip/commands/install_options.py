"""What `install` is asked to do, as typed values: settings, and what option lines of requirements files add."""

from __future__ import annotations

import datetime as dt
import os
import re
from typing import TYPE_CHECKING

from asyncpip.core.urls import is_url, path_to_url
from asyncpip.core.values import Value, replace
from asyncpip.errors import CommandError, UsageError
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.limits import Limits
from asyncpip.resolve.selection import (
    FormatControl,
    IndexStrategy,
    PreferredVersion,
    ReleaseControl,
    Selection,
    UpgradeStrategy,
)

if TYPE_CHECKING:
    from asyncpip.commands.context import SettingsView
    from asyncpip.commands.requirement_sources import FileOptions
    from asyncpip.core.target import TargetEnvironment

REFRESH_ALL = ":all:"
_DAYS = r"[Pp](\d+)[Dd]"
_IMPLEMENTATIONS = {"pypy": "pp", "cpython": "cp", "jython": "jy", "ironpython": "ip", "python": "py"}


class IndexOptions(Value):
    """Which places are asked, and how."""

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    refresh: frozenset[str]
    """Normalised names, or `:all:` in it."""
    offline: bool
    transport: TransportOptions
    trusted_hosts: tuple[str, ...]


class TargetChoice(Value):
    """The four options that describe another interpreter than the target."""

    platforms: tuple[str, ...]
    python_version: tuple[int, ...] | None
    implementation: str | None
    abis: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.platforms or self.python_version or self.implementation or self.abis)


ANY_INTERPRETER = TargetChoice(platforms=(), python_version=None, implementation=None, abis=())
"""No choice: the target as it is."""


def index_options(settings: SettingsView, files: FileOptions, *, limits: Limits) -> IndexOptions:
    """Return the index options of group I and the general ones, file lines merged in."""
    own = (settings.text("index_url") or "", *settings.texts("extra_index_urls"))
    urls = files.merged_index_urls(own, no_index=settings.flag("no_index"))
    trusted = (*settings.texts("trusted_hosts"), *files.trusted_hosts)
    refresh = set(_names(settings.texts("refresh_packages")))
    if settings.flag("refresh"):
        refresh.add(REFRESH_ALL)
    index_urls = tuple(_as_url(url) for url in urls if url)
    return IndexOptions(
        index_urls=index_urls,
        find_links=tuple(_expanded(place) for place in (*settings.texts("find_links"), *files.find_links)),
        refresh=frozenset(refresh),
        offline=settings.flag("offline"),
        trusted_hosts=trusted,
        transport=transport_options(settings, index_urls=index_urls, trusted_hosts=trusted, limits=limits),
    )


def transport_options(
    settings: SettingsView,
    *,
    index_urls: tuple[str, ...],
    trusted_hosts: tuple[str, ...],
    limits: Limits,
) -> TransportOptions:
    """Return what shapes every request."""
    return replace(
        general_transport_options(settings),
        timeout_seconds=limits.timeout_seconds,
        retries=limits.retries,
        trusted_hosts=trusted_hosts,
        bind_address=settings.text("bind_address"),
        index_urls=index_urls,
        connections_per_host=limits.connections_per_host,
    )


def general_transport_options(settings: SettingsView) -> TransportOptions:
    """Return the same as far as the options say that every command has."""
    return TransportOptions(
        proxy=settings.text("proxy"),
        use_proxy_env=not settings.flag("no_proxy_env"),
        timeout_seconds=settings.seconds("timeout"),
        retries=settings.number("retries"),
        cert=settings.text("cert"),
        client_cert=settings.text("client_cert"),
        legacy_certs="legacy-certs" in settings.texts("use_deprecated"),
        trusted_hosts=settings.texts("trusted_hosts"),
        keyring_provider=settings.text("keyring_provider") or "auto",
        allow_input=not settings.flag("no_input"),
    )


def limits_of(settings: SettingsView, *, has_jobs: bool = True) -> Limits:
    """Return the bounds of this run; ``has_jobs``: the command has the option `--jobs`."""
    return Limits(
        jobs=(settings.number("jobs") if has_jobs else 0) or os.cpu_count() or 1,
        concurrent_downloads=settings.number("concurrent_downloads"),
        timeout_seconds=settings.seconds("timeout"),
        retries=settings.number("retries"),
        resume_retries=settings.number("resume_retries"),
    )


def format_control(settings: SettingsView, files: FileOptions | None, choice: TargetChoice) -> FormatControl:
    """Return which kinds of archives are admitted for which projects, all sources in order; None: no files yet."""
    rules = [*settings.pairs("format_control"), *(files.format_control if files else ())]
    if choice:
        rules.insert(0, ("only_binary", ":all:"))
    return FormatControl.of([(name.replace("_", "-"), value) for name, value in rules])


def selection(
    settings: SettingsView,
    files: FileOptions,
    target: TargetEnvironment,
    choice: TargetChoice,
    *,
    ignore_requires_python: bool,
    allow_sdists: bool,
    now: dt.datetime,
    preferred: PreferredVersion = PreferredVersion.HIGHEST,
) -> Selection:
    """Return which files are candidates at all; ``preferred`` is for commands that resolve."""
    releases = [*settings.pairs("release_control"), *files.release_control]
    if settings.flag("pre") or files.pre:
        if settings.pairs("release_control"):
            raise CommandError("--pre cannot be used with --all-releases or --only-final.")
        releases.append(("all_releases", ":all:"))
    moment = settings.text("uploaded_prior_to")
    return Selection(
        tags=target.tags,
        python_full_version=target.python_full_version,
        formats=format_control(settings, files, choice),
        releases=ReleaseControl.of([(name.replace("_", "-"), value) for name, value in releases]),
        prefer_binary=settings.flag("prefer_binary") or files.prefer_binary,
        uploaded_prior_to=parse_moment(moment, now=now) if moment else None,
        ignore_requires_python=ignore_requires_python,
        allow_sdists=allow_sdists,
        index_strategy=IndexStrategy(settings.text("index_strategy") or "best"),
        preferred=preferred,
    )


def upgrade_strategy(settings: SettingsView) -> UpgradeStrategy:
    """Return what becomes of installed versions that would do."""
    if not settings.flag("upgrade"):
        return UpgradeStrategy.TO_SATISFY_ONLY
    return UpgradeStrategy(settings.text("upgrade_strategy") or "only-if-needed")


def target_choice(settings: SettingsView) -> TargetChoice:
    """Return the described interpreter; implementation names may be long (`pypy`)."""
    version, implementation = settings.text("python_version"), settings.text("implementation")
    return TargetChoice(
        platforms=settings.texts("platforms"),
        python_version=parse_python_version(version) if version else None,
        implementation=None if implementation is None else implementation_tag(implementation),
        abis=settings.texts("abis"),
    )


def implementation_tag(name: str) -> str:
    """Return the tag of an implementation, which may be given by its long name."""
    return _IMPLEMENTATIONS.get(name.lower(), name)


def parse_moment(text: str, *, now: dt.datetime) -> dt.datetime:
    """Return the moment that `--uploaded-prior-to` names: ISO 8601 (no zone means the local one) or ``P<n>D`` ago."""
    days = re.fullmatch(_DAYS, text)
    if days:
        try:
            return now - dt.timedelta(days=float(days[1]))
        except OverflowError:
            return dt.datetime.min.replace(tzinfo=dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"invalid --uploaded-prior-to value: {text!r}", why=str(error)) from error
    return moment if moment.tzinfo else moment.astimezone()


def parse_python_version(text: str) -> tuple[int, ...]:
    """Return ``3``, ``37``, ``3.7`` or ``3.7.3`` as numbers (its form has been checked)."""
    parts = text.split(".")
    if len(parts) == 1 and len(text) > 1:
        parts = [text[0], text[1:]]
    return tuple(int(part) for part in parts)


def _names(values: tuple[str, ...]) -> list[str]:
    from asyncpip.core.names import normalize_name  # noqa: PLC0415 - rarely needed

    names: list[str] = []
    for value in values:
        for name in filter(None, (part.strip() for part in value.split(","))):
            if name == ":none:":
                names.clear()
            else:
                names.append(name if name == REFRESH_ALL else normalize_name(name))
    return names


def _as_url(place: str) -> str:
    """Return a local directory that is given as an index as its URL."""
    if not is_url(place) and os.path.isdir(os.path.expanduser(place)):
        return path_to_url(os.path.expanduser(place))
    return place


def _expanded(place: str) -> str:
    expanded = os.path.expanduser(place) if place.startswith("~") else place
    return expanded if os.path.exists(expanded) else place
