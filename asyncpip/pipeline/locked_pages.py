"""Files that lock files name, as the pages that stand for them. Loaded where there is a lock file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.index.links_page import LinksPage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from asyncpip.core.page import PageFile, ProjectPage

_PLACE = "a lock file"


def pages_of(files: Iterable[tuple[NormalizedName, PageFile]]) -> dict[NormalizedName, ProjectPage | None]:
    """Return a page for each project, which lists the one file that may be taken for it."""
    return {name: LinksPage(_PLACE, file.url, [file]).for_project(name) for name, file in files}
