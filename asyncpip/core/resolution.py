"""The answer of the resolver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.values import Value

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.distributions import InstalledDistribution


class Resolved(Value):
    """One project's decision."""

    name: NormalizedName
    choice: Candidate | InstalledDistribution
    """An installed distribution stays as it is."""
    requested: bool
    """Named by the user in any way (REQUESTED); not for dependencies or constraints."""
    requested_extras: frozenset[str]
    """Of the user's own requirements."""
    dependencies: tuple[NormalizedName, ...]
    """Projects in this resolution that it depends on, extras included."""
    wanted_by: str
    """pip's "(from …)" text: ``flask``, ``-r reqs.txt (line 1)``; empty for the command line."""
    requirement_text: str
    """The requirement that "Requirement already satisfied:" and "Collecting" print."""
    metadata_name: str = ""
    """The project as the candidate's METADATA spells it; empty where nobody has read that."""


class Resolution(Value):
    """One decision for each project, dependencies before what depends on them; ties by name."""

    decisions: tuple[Resolved, ...]
    rounds: int = 0
    backtracks: int = 0
    has_warnings: bool = False
    """Whether the user was warned of something on the way."""
    has_messages: bool = False
    """Whether the user was told of anything on the way, warnings included."""
