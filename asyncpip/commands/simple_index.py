"""A package index as files (PEP 503, PEP 691) of the archives in a directory, in its folder `simple`.

    DIR/demo-1.0-py3-none-any.whl      --find-links DIR
    DIR/simple/demo/index.html         --index-url file:///…/DIR/simple, or a web server's root
    DIR/simple/demo/index.json         the same for servers that answer by media type

Links are relative, so the directory may be moved, copied and served as it is. Loads the pipeline.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import TYPE_CHECKING

from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.names import normalize_name
from asyncpip.core.urls import quote_path
from asyncpip.core.values import Value
from asyncpip.core.wheel_filename import parse_wheel_name, sdist_stem
from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.pipeline.keeping import read_wheel_metadata
from asyncpip.store.store import remove_quietly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = "simple"
_API_VERSION = "1.0"


class IndexedFile(Value):
    """One archive in the directory."""

    project: str
    filename: str
    size_bytes: int
    sha256: str
    requires_python: str | None


def write_simple_index(directory: str, known_digests: Mapping[str, str], *, jobs: int) -> int:
    """Write the index of all archives in ``directory``, new ones and old ones; return how many there are.

    ``known_digests`` gives the SHA-256, by file name, of those that this run has checked; the rest is read.
    """
    names = sorted(name for name in os.listdir(directory) if project_of(name))
    with ThreadPoolExecutor(jobs) as pool:
        files = list(pool.map(lambda name: _look_at(directory, name, known_digests.get(name)), names))
    projects: dict[str, list[IndexedFile]] = {}
    for file in files:
        projects.setdefault(file.project, []).append(file)
    root = os.path.join(directory, FOLDER)
    try:
        _write(os.path.join(root, "index.html"), root_page(sorted(projects)))
        _write(os.path.join(root, "index.json"), root_json(sorted(projects)))
        for project, its in projects.items():
            _write(os.path.join(root, project, "index.html"), project_page(project, its))
            _write(os.path.join(root, project, "index.json"), project_json(project, its))
        _remove_others(root, projects)
    except OSError as error:
        raise StoreError(f"could not write the index {root}", why=str(error)) from error
    return len(files)


def project_of(filename: str) -> str | None:
    """Return the normalised project of an archive by its name; None for anything else."""
    wheel = parse_wheel_name(filename)
    if wheel is not None:
        return normalize_name(wheel.project)
    project, dash, version = (sdist_stem(filename) or "").rpartition("-")
    return normalize_name(project) if project and dash and version[:1].isdigit() else None


def root_page(projects: Sequence[str]) -> str:
    """Return the page that lists all projects."""
    links = "".join(f'<a href="{project}/">{project}</a><br>\n' for project in projects)
    return _page("Simple index", links)


def project_page(project: str, files: Sequence[IndexedFile]) -> str:
    """Return a project's page."""
    links = []
    for file in files:
        requires = f' data-requires-python="{escape(file.requires_python)}"' if file.requires_python else ""
        links.append(f'<a href="{_href(file)}#sha256={file.sha256}"{requires}>{escape(file.filename)}</a><br>\n')
    return _page(f"Links for {project}", "".join(links))


def root_json(projects: Sequence[str]) -> str:
    """Return what `root_page` says, as PEP 691 has it."""
    return _json({"projects": [{"name": project} for project in projects]})


def project_json(project: str, files: Sequence[IndexedFile]) -> str:
    """Return what `project_page` says, as PEP 691 has it."""
    entries = []
    for file in files:
        entry: dict[str, object] = {
            "filename": file.filename,
            "url": _href(file),
            "hashes": {"sha256": file.sha256},
            "size": file.size_bytes,
        }
        if file.requires_python:
            entry["requires-python"] = file.requires_python
        entries.append(entry)
    return _json({"name": project, "files": entries})


def _look_at(directory: str, filename: str, sha256: str | None) -> IndexedFile:
    path = os.path.join(directory, filename)
    try:
        size = os.stat(path).st_size
        if sha256 is None:
            with open(path, "rb") as reading:
                sha256 = hashlib.file_digest(reading, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"could not read {path}", why=str(error)) from error
    requires_python = None
    if filename.endswith(".whl"):
        try:
            requires_python = parse_core_metadata(read_wheel_metadata(path)).requires_python
        except (ValueError, WheelFormatError):
            requires_python = None  # whoever installs it will hear of what is wrong
    return IndexedFile(
        project=project_of(filename) or "",
        filename=filename,
        size_bytes=size,
        sha256=sha256,
        requires_python=requires_python,
    )


def _href(file: IndexedFile) -> str:
    return f"../../{quote_path(file.filename)}"


def _page(title: str, body: str) -> str:
    return (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        f'<meta charset="utf-8">\n<meta name="pypi:repository-version" content="{_API_VERSION}">\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _json(content: Mapping[str, object]) -> str:
    return json.dumps({"meta": {"api-version": _API_VERSION}, **content}, indent=1) + "\n"


def _write(path: str, text: str) -> None:
    """Write a page aside and rename it, so that whoever reads sees the old one or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = f"{path}.{os.getpid()}"
    try:
        with open(aside, "w", encoding="utf-8") as writing:
            writing.write(text)
        os.replace(aside, path)
    finally:
        remove_quietly(aside)


def _remove_others(root: str, projects: Mapping[str, object]) -> None:
    """Remove the pages of projects that have no archive any more."""
    for entry in os.scandir(root):
        if entry.is_dir() and entry.name not in projects:
            remove_quietly(os.path.join(entry.path, "index.html"))
            remove_quietly(os.path.join(entry.path, "index.json"))
            try:
                os.rmdir(entry.path)
            except OSError:
                continue  # holds something that is not ours
