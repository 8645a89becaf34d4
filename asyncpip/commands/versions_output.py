"""pip's words about versions that an index has: `index versions`, `search`. Values in, text out."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.version import Version

_LEAST_WRAPPED = 10
"""A summary is wrapped where more columns than these are left for it."""

_MOST_VERSIONS = 20
"""More are for `index versions`."""


def versions_json(project: str, versions: Sequence[Version], installed: str | None) -> str:
    """Return one JSON object; ``versions`` are newest first."""
    texts = [str(version) for version in versions]
    found = {"name": project, "versions": texts, "latest": texts[0]}
    if installed is not None:
        found["installed_version"] = installed
    return json.dumps(found)


def versions_text(project: str, versions: Sequence[Version], installed: str | None) -> str:
    """Return the lines for people; ``versions`` are newest first."""
    listed = ", ".join(map(str, versions))
    lines = [f"{project} ({versions[0]})", f"Available versions: {listed}"]
    return "\n".join(lines + installed_lines(versions[0], installed))


def installed_lines(latest: Version, installed: str | None) -> list[str]:
    """Return the lines about an ``installed`` version beside the ``latest``; none where none is installed."""
    if installed is None:
        return []
    note = " (pre-release; install with `pip install --pre`)" if latest.pre else ""
    return [f"  INSTALLED: {installed}", f"  LATEST:    {latest}{note}"]


def search_lines(results: Mapping[tuple[str, str], str], terminal_width: int | None) -> list[str]:
    """Return ``name (version)  - summary`` for each pair of name and version, summaries below one another.

    On a terminal they are wrapped to its width.
    """
    column = max((len(name) + len(version) for name, version in results), default=0) + 4
    found = []
    for (name, version), summary in results.items():
        width = (terminal_width or 0) - column - 5
        lines = textwrap.wrap(summary, width) if width > _LEAST_WRAPPED else [summary]
        text = ("\n" + " " * (column + 3)).join(lines)
        found.append(f"{f'{name} ({version})':{column}} - {text}")
    return found


def details_lines(versions: Sequence[Version], urls: Sequence[tuple[str, str]]) -> list[str]:
    """Return what `search -v` adds."""
    listed = ", ".join(map(str, versions[:_MOST_VERSIONS]))
    more = f", and {len(versions) - _MOST_VERSIONS} older" if len(versions) > _MOST_VERSIONS else ""
    lines = [f"  VERSIONS:  {listed}{more}"]
    return lines + [f"  URL:       {url} ({label})" for label, url in urls]


def nothing_found_text(words: Sequence[str]) -> str:
    """Return what is said where no name fits."""
    return f"No project has a name like {' '.join(words)!r}"


def more_fit_text(shown: int, fitting: int) -> str:
    """Return what is said below results that are not all."""
    return f"{shown} of {fitting} projects whose names fit; more words narrow the search"
