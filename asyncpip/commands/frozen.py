"""One installed distribution as a requirement that installs it again, as `freeze` prints it. Lean."""

from __future__ import annotations

import os

from asyncpip.commands.list_output import pinned
from asyncpip.core.names import normalize_name
from asyncpip.core.version_text import canonical_version
from asyncpip.environment.direct_url_file import as_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.installed_view import InstalledView
    from asyncpip.environment.scan import FoundDistribution


class FrozenRequirement:
    """What stands for one distribution."""

    __slots__ = ("comments", "is_editable", "name", "raw_name", "requirement", "version")

    def __init__(
        self,
        raw_name: str,
        requirement: str,
        *,
        version: str | None = None,
        is_editable: bool = False,
        comments: Sequence[str] = (),
    ) -> None:
        self.raw_name = raw_name
        self.name: NormalizedName = normalize_name(raw_name)
        self.requirement = requirement
        self.version = version
        """Where it is a version that indexes may list; None for a direct reference."""
        self.is_editable = is_editable
        self.comments = comments

    @property
    def lines(self) -> list[str]:
        """What is printed."""
        return [*self.comments, f"-e {self.requirement}" if self.is_editable else self.requirement]


def freeze_distribution(view: InstalledView, distribution: FoundDistribution) -> FrozenRequirement:
    """Return the requirement that stands for ``distribution``; an editable one is looked up in version control."""
    raw_name = distribution.raw_name
    version = canonical_version(distribution.version)
    pin = pinned(raw_name, version, distribution.raw_version)
    location = view.editable_location(distribution)
    if location:
        from asyncpip.commands.frozen_editable import freeze_editable  # noqa: PLC0415 - runs git and its like

        requirement, comments = freeze_editable(view, raw_name, pin, os.path.normcase(os.path.abspath(location)))
        return FrozenRequirement(raw_name, requirement, is_editable=True, comments=comments)
    direct_url = view.direct_url(distribution)
    if direct_url is not None:
        return FrozenRequirement(raw_name, as_requirement(direct_url, raw_name))
    return FrozenRequirement(raw_name, pin, version=distribution.raw_version if version is None else version)
