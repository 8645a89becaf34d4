"""Where an index has the page of a project, and where the store has it. Imports little: it is asked before the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.urls import quote_path, split_credentials

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

PAGES = "pages-v4"
"""Bucket of project pages, as `page.page_from_record` reads them."""


def is_remote(location: str) -> bool:
    """Return whether ``location`` is asked over the network; a path that looks like a URL is none (pip)."""
    return location.lower().startswith(("http://", "https://"))


def page_url(index_url: str, project: NormalizedName) -> str:
    """Return where the index at ``index_url`` has the page of ``project`` (PEP 503: normalized, with a slash)."""
    return index_url.rstrip("/") + "/" + quote_path(project) + "/"


def record_key(url: str) -> str:
    """Return what an answer from ``url`` is stored by: the address without credentials."""
    return split_credentials(url.partition("#")[0])[0]
