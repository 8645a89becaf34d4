"""What could satisfy a requirement, and what was decided against, with the reason."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from asyncpip.core.values import Row, Value

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.direct_url import DirectUrl
    from asyncpip.core.page import PageFile


class Candidate(Value):
    """One file that could satisfy a requirement in the target environment."""

    name: NormalizedName
    version: Version
    file: PageFile
    tag_rank: int | None
    """0 is the best wheel tag; None for an sdist."""
    page_url: str | None
    """The page that listed the file, without credentials; None for a direct reference."""
    direct_url: DirectUrl | None = None
    """For a direct reference, what `direct_url.json` will say."""


class Reason(enum.Enum):
    """Why a file was left out."""

    NOT_A_DISTRIBUTION = "neither a wheel nor a source distribution of this project"
    NO_MATCHING_TAG = "none of its wheel tags fits"
    REQUIRES_PYTHON = "needs another Python"
    YANKED = "yanked"
    PRE_RELEASE = "is a pre-release"
    UPLOADED_TOO_LATE = "uploaded after the moment given by --uploaded-prior-to"
    WHEEL_EXCLUDED = "wheels are excluded by --no-binary"
    SDIST_EXCLUDED = "source distributions are excluded by --only-binary"
    SDIST_UNSUPPORTED = "only a source distribution, and --no-build forbids building"
    BAD_VERSION = "its version does not follow PEP 440"
    SPECIFIER = "excluded by a requirement"


class Rejected(Row):
    """A file that was left out, and why."""

    filename: str
    version: str
    reason: Reason
    detail: str = ""
    """What the reason alone cannot say: ``Requires-Python >=3.14``, the yank message."""
