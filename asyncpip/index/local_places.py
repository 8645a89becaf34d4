"""Indexes and find-links places on this machine: directories, HTML files and archives by path or `file:` URL.

All functions block for the disk: they belong into a worker thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.core.events import Level, Message
from asyncpip.core.urls import is_url, path_to_url, redact, url_to_path
from asyncpip.errors import IndexAccessError
from asyncpip.index.links_page import LinksPage, is_archive_url, links_of_archive, links_of_directory, parse_links_page
from asyncpip.index.page import parse_page
from asyncpip.index.project_list import parse_project_list, project_list_of

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.page import ProjectPage
    from asyncpip.index.project_list import ProjectList

_HTML_SUFFIXES = (".html", ".htm")


def read_index_directory(location: str, project: NormalizedName, reporter: Reporter) -> ProjectPage | None:
    """Return the page of ``project`` in an index that is a directory (its `<project>/index.html`), or None."""
    path = _path_of(location.rstrip("/") + "/" + project, reporter)
    if path is None:
        return None
    page = os.path.join(path, "index.html")
    try:
        return parse_page(_content(page), content_type="text/html", url=path_to_url(page), project=project)
    except OSError as error:
        _report(reporter, Level.DEBUG, f"Could not fetch URL {path_to_url(page)}: {error.strerror} - skipping")
    return None


def read_project_directory(location: str, reporter: Reporter) -> ProjectList | None:
    """Return the projects of an index that is a directory: what its `index.html` lists, else its sub-directories."""
    path = _path_of(location, reporter)
    if path is None:
        return None
    page = os.path.join(path, "index.html")
    try:
        if os.path.isfile(page):
            return parse_project_list(_content(page), content_type="text/html", url=path_to_url(page))
        return project_list_of([entry.name for entry in os.scandir(path) if entry.is_dir()])
    except OSError as error:
        _report(reporter, Level.WARNING, f"Location '{path}' is ignored: {error.strerror}.")
    return None


def read_find_links_place(location: str, reporter: Reporter) -> list[LinksPage]:
    """Return what a local find-links place lists: a directory's archives and its HTML files, or one such file."""
    if location.startswith("~"):
        expanded = os.path.expanduser(location)
        location = expanded if os.path.exists(expanded) else location
    path = _path_of(location, reporter)
    if path is None:
        return []
    if not os.path.isdir(path):
        return _links_of_file(path, reporter)
    try:
        names = os.listdir(path)
    except OSError as error:
        _report(reporter, Level.WARNING, f"Location '{path}' is ignored: {error.strerror}.")
        return []
    places = [links_of_directory(names, path_to_url(path))]
    for name in sorted(name for name in names if name.lower().endswith(_HTML_SUFFIXES)):
        places += _links_of_file(os.path.join(path, name), reporter)
    return places


def _links_of_file(path: str, reporter: Reporter) -> list[LinksPage]:
    url = path_to_url(path)
    if not path.lower().endswith(_HTML_SUFFIXES):
        return [links_of_archive(url)] if is_archive_url(url) else []
    try:
        return [parse_links_page(_content(path), content_type="text/html", url=url)]
    except (OSError, IndexAccessError) as error:
        _report(reporter, Level.WARNING, f"Could not fetch URL {url}: {error} - skipping")
        return []


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _path_of(location: str, reporter: Reporter) -> str | None:
    """Return the existing absolute path that ``location`` means, or None with pip's warning."""
    if os.path.exists(location):
        return os.path.abspath(location)
    shown = redact(location)
    if location.startswith("file:"):
        try:
            path = url_to_path(location)
        except ValueError as error:
            _report(reporter, Level.WARNING, f"Location '{shown}' is ignored: {error}.")
            return None
        if os.path.exists(path):
            return path
        why = "it is neither a file nor a directory."
    elif is_url(location):
        why = "only http, https and file locations are supported."
    else:
        why = "it is either a non-existing path or lacks a specific scheme."
    _report(reporter, Level.WARNING, f"Location '{shown}' is ignored: {why}")
    return None


def _report(reporter: Reporter, level: Level, text: str) -> None:
    reporter.emit(Message(level, text))
