"""A search by name: lists of projects → the names that fit best → their pages and newest metadata, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import anyio
import anyio.to_thread
import msgspec
from packaging.metadata import parse_email

from asyncpip.core.events import Level, Message, Stage, StageProgress
from asyncpip.core.names import normalize_name
from asyncpip.core.urls import redact
from asyncpip.core.values import Value
from asyncpip.errors import AsyncpipError, IndexAccessError
from asyncpip.index.name_search import best_matches
from asyncpip.pipeline.lookup import open_index
from asyncpip.pipeline.loop import run_in_loop
from asyncpip.resolve.version_order import order_key, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.events import Reporter
    from asyncpip.core.page import PageFile, ProjectPage
    from asyncpip.index.client import IndexClient
    from asyncpip.pipeline.lookup import LookUp

SUMMARIES = "summaries-v2"
"""What a search tells of a file's metadata, by the digest that its index gives and its address, as `session` has it."""
_MOST_VERSIONS_ASKED = 3
"""Where the newest releases have no wheel, whose metadata would come without a build, an older one may do."""
_SPARE = 2
"""Names looked at for each result: some projects have no files."""


class FoundProject(Value, shown=False):
    """One result."""

    name: NormalizedName
    written: str
    """The name as the project spells it."""
    latest: Version
    """The newest final release, or pre-release where there is no other; yanked ones do not count."""
    versions: tuple[Version, ...]
    """All that are not yanked, newest first."""
    about: About


class SearchAnswer(Value, shown=False):
    """What was found."""

    projects: tuple[FoundProject, ...]
    """The best ones, best first."""
    fitting: int
    """How many names fit in all."""


class About(msgspec.Struct, frozen=True, array_like=True):
    """What metadata tells people."""

    name: str = ""
    summary: str = ""
    urls: list[tuple[str, str]] = []
    """Label and address."""


_ABOUT = msgspec.msgpack.Decoder(About)


def search_projects(words: Sequence[str], how: LookUp, reporter: Reporter, *, limit: int) -> SearchAnswer:
    """Return at most ``limit`` projects whose names fit ``words``; blocks. Raises `IndexAccessError`."""
    return run_in_loop(_search, words, how, reporter, limit)


async def _search(words: Sequence[str], how: LookUp, reporter: Reporter, limit: int) -> SearchAnswer:
    async with open_index(how, reporter) as index:
        reporter.emit(StageProgress(Stage.ASKING, 0, len(how.index_urls), "lists of projects"))
        lists = await index.fetch_project_lists()
        if not lists:
            asked = ", ".join(map(redact, how.index_urls))
            raise IndexAccessError(
                "no index lists its projects",
                why=f"asked: {asked}" if asked else "there is no index to ask (--no-index)",
                hint="name one that does with `--index URL`",
            )

        def find() -> tuple[list[str], int]:
            names = [name for listed in lists for name in listed.names]
            return best_matches(names, words, limit=limit * _SPARE)

        names, fitting = await anyio.to_thread.run_sync(find)
        found: list[FoundProject] = []
        at = 0
        while at < len(names) and len(found) < limit:
            batch = names[at : at + limit - len(found)]
            at += len(batch)
            found += await _look_at(cast("list[NormalizedName]", batch), index, how, reporter)
        if names and not found and how.offline:
            raise IndexAccessError(
                f"nothing is known of the {fitting} projects whose names fit, {names[0]} first",
                why="their pages are not in the store, and nothing may be fetched with --offline",
                hint="run once without --offline",
            )
    return SearchAnswer(projects=tuple(found), fitting=fitting)


async def _look_at(
    names: Sequence[NormalizedName], index: IndexClient, how: LookUp, reporter: Reporter
) -> list[FoundProject]:
    """Return those of ``names`` that have files, in the same order, with what is known of them."""
    found: dict[NormalizedName, FoundProject] = {}
    done = 0

    async def ask(name: NormalizedName) -> None:
        nonlocal done
        project = await _project(name, await index.fetch_pages(name), index, how, reporter)
        if project is not None:
            found[name] = project
        done += 1
        reporter.emit(StageProgress(Stage.ASKING, done, len(names), name))

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(ask, name)
    return [found[name] for name in names if name in found]


async def _project(
    name: NormalizedName, pages: Sequence[ProjectPage], index: IndexClient, how: LookUp, reporter: Reporter
) -> FoundProject | None:
    """Return what is known of a project; None where it has no file that is not yanked."""
    releases = _releases(pages)
    if not releases:
        return None
    versions = list(releases)
    latest = next((version for version in versions if not version.is_prerelease), versions[0])
    later = versions[versions.index(latest) :][:_MOST_VERSIONS_ASKED]
    file = next(filter(None, (_telling_file(releases[version]) for version in later)), None)
    about = About() if file is None else await _about(file, index, how, reporter)
    written = about.name if normalize_name(about.name) == name else name
    return FoundProject(name=name, written=written, latest=latest, versions=tuple(versions), about=about)


def _releases(pages: Iterable[ProjectPage]) -> dict[Version, list[PageFile]]:
    """Return the files that are not yanked by version, newest first."""
    files: dict[str, list[PageFile]] = {}
    for page in pages:
        for text in page.versions:
            files.setdefault(text, []).extend(file for file in page.files(text) if not file.is_yanked)
    keys = {text: key for text, found in files.items() if found and (key := order_key(text)) is not None}
    releases: dict[Version, list[PageFile]] = {}
    for text in sorted(keys, key=keys.__getitem__, reverse=True):
        version = parse_version(text)
        if version is not None:
            releases.setdefault(version, []).extend(files[text])
    return releases


def _telling_file(files: Sequence[PageFile]) -> PageFile | None:
    """Return the file whose metadata costs least; None where all would have to be fetched whole."""
    told = [file for file in files if file.core_metadata not in (None, False)]
    wheels = [file for file in files if file.is_wheel]
    return next(iter([*(file for file in told if file.is_wheel), *told, *wheels]), None)


async def _about(file: PageFile, index: IndexClient, how: LookUp, reporter: Reporter) -> About:
    """Return what the metadata of ``file`` tells; nothing where it cannot be had."""
    digest = file.hashes.get("sha256")
    key = f"{digest} {file.url}" if digest else None
    if key is not None and how.records is not None:
        data = await anyio.to_thread.run_sync(how.records.read_record, SUMMARIES, key)
        try:
            if data is not None:
                return _ABOUT.decode(data)
        except msgspec.DecodeError:
            pass  # a damaged record is a miss
    try:
        result = await index.fetch_metadata(file)
    except AsyncpipError as error:
        reporter.emit(Message(Level.DEBUG, f"No metadata of {file.filename}: {error.why or error.what}"))
        return About()
    if result.metadata is None:
        return About()
    about = parse_about(result.metadata)
    if key is not None and how.records is not None:
        encoded = msgspec.msgpack.encode(about)
        await anyio.to_thread.run_sync(how.records.write_record, SUMMARIES, key, encoded)
    return about


def parse_about(metadata: bytes) -> About:
    """Return what a METADATA file tells people. What it holds goes to terminals: one line each, nothing invisible."""
    fields, _ = parse_email(metadata)
    urls = [("Homepage", fields.get("home_page", "")), *fields.get("project_urls", {}).items()]
    return About(
        name=_printable(fields.get("name", "")),
        summary=_printable(fields.get("summary", "")),
        urls=[(_printable(label), _printable(url)) for label, url in urls if _printable(url)],
    )


def _printable(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
