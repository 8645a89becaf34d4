"""Distributions installed in an environment (PEP 376, recording installed projects)."""

from __future__ import annotations

from asyncpip.core.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version


class InstalledDistribution(Value):
    """One ``*.dist-info`` (or legacy ``*.egg-info``) found on the target's path."""

    name: NormalizedName
    raw_name: str
    """As METADATA spells it."""
    version: Version | str
    """The text where it is no PEP 440 version."""
    location: str
    """The directory on sys.path that holds it."""
    info_path: str
    """The dist-info directory, egg-info directory or egg-info file."""
    requires_dist: tuple[str, ...]
    requires_python: str | None
    provides_extra: tuple[str, ...]
    editable_location: str | None = None
    """Project directory of an editable install."""
    is_local: bool = True
    """False where it belongs to the base interpreter that a virtual environment also sees."""
    in_user_site: bool = False
    raw_version: str = ""
    """As METADATA spells it; empty where that was not read."""
