"""Names that two indexes of different trust know: dependency confusion, and what is said of it.

Somebody who may upload to the less trusted one can take a name of the other, with a higher version. pip's rule, the
best file of all indexes, then takes that; `--index-strategy first-index` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asyncpip.core.candidates import Candidate
from asyncpip.resolve.selection import IndexStrategy
from asyncpip.resolve.sentences import MOST_VERSIONS, listed
from asyncpip.resolve.version_order import order_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.page import ProjectPage
    from asyncpip.core.resolution import Resolution

ANYBODY, SOMEBODY, OURSELVES = range(3)
"""Who may put something there: whoever likes; whom the index's owner lets; who has our credentials or our disk."""
_OPEN_TO_ALL = frozenset(("pypi.org", "test.pypi.org", "pypi.python.org"))
_THIS_MACHINE = frozenset(("localhost", "127.0.0.1", "::1"))


def confused_names(
    resolution: Resolution,
    pages_of: Callable[[NormalizedName], Sequence[ProjectPage]],
    *,
    strategy: IndexStrategy,
    hashed: Collection[NormalizedName],
) -> Iterator[str]:
    """Yield a warning for each pair of places of which the less trusted one gives what the other one lists too.

    Not where both have the same file, nor for ``hashed`` projects, where the user's digests decide.
    """
    if strategy is IndexStrategy.FIRST_INDEX:
        return
    names: dict[tuple[str, str], list[str]] = {}
    for decision in resolution.decisions:
        choice = decision.choice
        if isinstance(choice, Candidate) and choice.page_url is not None and decision.name not in hashed:
            pages = pages_of(decision.name)
            better = _more_trusted(choice, pages) if len(pages) > 1 else None
            if better is not None:
                names.setdefault((_place_of(choice.page_url), _place_of(better.url)), []).append(decision.name)
    for (taken_from, known_to), confused in names.items():
        they, them = ("they come", "them") if len(confused) > 1 else ("it comes", "it")
        yield (
            f"Be sure of {listed(confused, limit=MOST_VERSIONS)}: {they} from {taken_from}, but {known_to}, which "
            f"is to be trusted more, knows {them} too. Somebody may have put another project of that name there "
            "(dependency confusion). `--index-strategy first-index` takes all files of a project from the first index "
            "that has it, `--hash` only the file that you mean."
        )


def _more_trusted(chosen: Candidate, pages: Sequence[ProjectPage]) -> ProjectPage | None:
    """Return a page that lists the project, is trusted more than that of ``chosen``, and does not have that file."""
    trust = max((_trust_of(page) for page in pages if page.url == chosen.page_url), default=OURSELVES)
    for page in pages:
        if _trust_of(page) > trust and page.versions and not _has_file(page, chosen):
            return page
    return None


def _trust_of(page: ProjectPage) -> int:
    parts = urlsplit(page.url)
    host = parts.hostname or ""
    if page.is_private or parts.scheme == "file":
        return OURSELVES
    if host in _OPEN_TO_ALL or (parts.scheme == "http" and host not in _THIS_MACHINE):
        return ANYBODY
    return SOMEBODY


def _has_file(page: ProjectPage, chosen: Candidate) -> bool:
    digests, version = chosen.file.hashes.items(), order_key(str(chosen.version))
    return any(
        digests & file.hashes.items()
        for text in page.versions
        if order_key(text) == version
        for file in page.files(text)
    )


def _place_of(page_url: str) -> str:
    parts = urlsplit(page_url)
    return parts.netloc or "a directory of this machine"
