"""A project page as the rest of the program sees it (PEP 503, 592, 658, 691, 700, 714).

Pages have up to tens of thousands of files and a resolution looks at a few; so a page is grouped by version text and
the files of a version are decoded when somebody asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class PageFile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="kebab"):
    """One file entry of a project page or find-links place. Field names in JSON and in records are those of PEP 691."""

    filename: str
    url: str
    """As written on a page (may be relative) while the page is parsed; absolute, without fragment, ever after."""
    hashes: dict[str, str] = {}
    requires_python: str | None = None
    size: int | None = None
    upload_time: str | None = None
    """RFC 3339 text; None where the index does not say."""
    yanked: bool | str = False
    """False, or True or the reason (PEP 592)."""
    core_metadata: bool | dict[str, str] | None = None
    """Whether `<url>.metadata` exists, and its digests (PEP 714)."""

    @property
    def is_yanked(self) -> bool:
        """Whether the index withdrew this file."""
        return self.yanked is not False

    @property
    def is_wheel(self) -> bool:
        """Whether this is named like a wheel."""
        return self.filename.endswith(".whl")


class ProjectPage(Protocol):
    """The files that one place (an index's page, a find-links page or directory) lists for one project."""

    is_private: bool
    """Whether credentials were sent for it; set by who sent them."""

    @property
    def url(self) -> str:
        """Where the page came from, without credentials; for people, and to resolve conflicts of origin."""

    @property
    def versions(self) -> Sequence[str]:
        """The version texts that occur, each once, in no order that means something."""

    @property
    def is_find_links(self) -> bool:
        """Whether this is a find-links place; an index beats one where candidates are equal in all else (pip)."""

    def files(self, version: str) -> Sequence[PageFile]:
        """Return the files of ``version`` (a text out of `versions`), in the order of the page."""
