"""What was asked for, and by whom."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.values import Value, field

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName


class Origin(Value):
    """Where a requirement was written. ``file`` None means the command line."""

    file: str | None = None
    """Path or redacted URL of the file; of a pyproject.toml group or script too."""
    line: int | None = None
    detail: str | None = None
    """What a line number cannot say: ``group `test` ``."""
    is_constraint: bool = False

    def __str__(self) -> str:
        """Return pip's wording for "(from …)": ``-r reqs.txt (line 3)``; empty for the command line."""
        if self.file is None:
            return ""
        place = f"{'-c' if self.is_constraint else '-r'} {self.file}" if self.detail is None else self.detail
        return f"{place} (line {self.line})" if self.line is not None else place


class DirectKind(enum.Enum):
    """What a direct reference leads to."""

    WHEEL = "wheel"
    SDIST = "sdist"
    DIRECTORY = "directory"
    VCS = "vcs"


class DirectReference(Value):
    """A requirement by URL or path instead of by version."""

    url: str
    """Absolute, with its fragment and credentials; ``file:`` for local paths; ``git+https:…`` for VCS."""
    kind: DirectKind
    hashes: AllowedHashes = NO_HASHES
    """From the fragment."""
    subdirectory: str | None = None


class UserRequirement(Value):
    """One requirement or constraint that the user named: argument, file line, group or script entry."""

    text: str
    """As written, credentials hidden; for messages."""
    name: NormalizedName | None
    """None only for a direct reference whose name nobody has said."""
    extras: frozenset[str] = frozenset()
    """Normalised."""
    specifier: SpecifierSet
    marker: Marker | None = None
    direct: DirectReference | None = None
    editable: bool = False
    hashes: AllowedHashes = NO_HASHES
    """From `--hash`; these, unlike those of a URL fragment, switch hash-checking mode on."""
    config_settings: tuple[tuple[str, str], ...] = ()
    origin: Origin = field(default_factory=Origin)

    @property
    def is_pinned(self) -> bool:
        """Whether exactly one version can match: one ``==`` without wildcard, or ``===``."""
        if len(self.specifier) != 1:
            return False
        (clause,) = self.specifier
        return clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*"))
