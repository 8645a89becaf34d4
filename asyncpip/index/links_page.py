"""What `--find-links` places list: a page of links to archives of any projects, a directory's names, one archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.urls import filename_of, quote_path, split_credentials
from asyncpip.core.wheel_filename import parse_wheel_name, sdist_stem
from asyncpip.index.page import ParsedPage, read_links
from asyncpip.index.page_files import group_by_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.page import ProjectPage
    from asyncpip.net.content_encoding import Octets

DIRECTORY_SUFFIXES = (".whl", ".tar.gz", ".zip")
"""What pip looks at in a directory; on pages of links it takes every kind of archive."""

_RECORD = msgspec.msgpack.Decoder(tuple[str, str, list[PageFile]])


class LinksPage:
    """The archives that one place lists, ready to be asked for project by project."""

    __slots__ = ("_base_url", "_by_project", "_files", "url")

    def __init__(self, url: str, base_url: str, files: Sequence[PageFile]) -> None:
        self.url = url
        self._base_url = base_url
        self._files = files
        self._by_project: dict[str, list[PageFile]] = {}
        for file in files:
            for project in _possible_projects(file.filename):
                self._by_project.setdefault(project, []).append(file)

    def for_project(self, project: NormalizedName) -> ProjectPage | None:
        """Return what is listed for ``project``, or None where nothing is."""
        groups, left_out = group_by_version(self._by_project.get(project, ()), project)
        if not groups:
            return None
        return ParsedPage(self.url, self._base_url, groups, left_out=left_out, is_find_links=True)

    def to_record(self) -> bytes:
        """Return the page as `links_page_from_record` takes it."""
        return msgspec.msgpack.encode((self.url, self._base_url, self._files))


def links_page_from_record(data: bytes) -> LinksPage:
    """Return the page that `LinksPage.to_record` wrote; raise `ValueError` where ``data`` is not one."""
    try:
        return LinksPage(*_RECORD.decode(data))
    except msgspec.DecodeError as error:
        raise ValueError(f"not a record of a find-links page: {error}") from error


def parse_links_page(body: Octets, *, content_type: str, url: str) -> LinksPage:
    """Return the archives that the page at ``url`` links to; raise `IndexAccessError` where it is no such page."""
    links = read_links(body, content_type=content_type, url=url)
    return LinksPage(split_credentials(url)[0], links.base_url, links.files)


def links_of_directory(names: Iterable[str], directory_url: str) -> LinksPage:
    """Return the archives among the file ``names`` of a directory; in the order of the names, so that runs agree."""
    base_url = directory_url.rstrip("/") + "/"
    files = [
        PageFile(filename=name, url=quote_path("./" + name))
        for name in sorted(names)
        if name.endswith(DIRECTORY_SUFFIXES)
    ]
    return LinksPage(base_url, base_url, files)


def links_of_archive(url: str) -> LinksPage:
    """Return the place that consists of one archive."""
    return LinksPage(split_credentials(url)[0].partition("#")[0], url, [PageFile(filename=filename_of(url), url=url)])


def is_archive_url(url: str) -> bool:
    """Return whether ``url`` ends like an archive, so that no page is expected there."""
    try:
        filename = filename_of(url)
    except ValueError:  # no URL at all
        return False
    return filename.endswith(".whl") or sdist_stem(filename) is not None


def _possible_projects(filename: str) -> list[str]:
    """Return the projects that ``filename`` can belong to: old sdists have dashes in name and version alike."""
    wheel = parse_wheel_name(filename)
    if wheel is not None:
        return [normalize_name(wheel.project)]
    stem = sdist_stem(filename)
    if stem is None:
        return []
    parts = stem.split("-")
    return list(dict.fromkeys(normalize_name("-".join(parts[:end])) for end in range(1, len(parts))))
