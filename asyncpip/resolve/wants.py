"""What the solver works with: a requirement (`Wanted`) and a candidate (`Pin`), each with the key it belongs to.

A key is a project's name, or ``name[extra]`` for the dependencies that one extra adds. A pin of ``name[extra]`` demands
the very pin of ``name`` that it stands on, so both keys always agree and metadata is read once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from asyncpip.core.candidates import Candidate
from asyncpip.resolve.demands import ANY_VERSION

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.dependency import Dependency
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.requirement import DirectReference, UserRequirement

RANK_DIRECT = 0
RANK_PINNED = 1
RANK_CONFLICTING = 2
RANK_BOUNDED = 3
RANK_OTHER = 4


def key_of(name: NormalizedName, extra: str | None) -> str:
    """Return the solver's key."""
    return f"{name}[{extra}]" if extra else name


def split_key(key: str) -> tuple[NormalizedName, str | None]:
    """Return the name and extra that `key_of` joined."""
    name, _, extra = key.partition("[")
    return cast("NormalizedName", name), extra[:-1] or None


def rank_of(specifier: SpecifierSet) -> int:
    """Return how narrow ``specifier`` is: one version, an upper bound, or neither (pip's order of preference)."""
    rank = RANK_OTHER
    for clause in specifier:
        operator = clause.operator
        if operator == "===" or (operator == "==" and not clause.version.endswith(".*")):
            return RANK_PINNED
        if operator in ("<", "<=", "~=", "=="):
            rank = RANK_BOUNDED
    return rank


class Wanted:
    """One requirement: by version, or for the very pin ``pin``, or one that nothing meets (``refusal``)."""

    __slots__ = ("extra", "key", "name", "pin", "rank", "refusal", "specifier", "specifier_text", "text", "user")

    def __init__(
        self,
        name: NormalizedName,
        text: str,
        *,
        extra: str | None = None,
        specifier: SpecifierSet = ANY_VERSION,
        specifier_text: str = "",
        pin: Pin | None = None,
        user: UserRequirement | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        self.name = name
        self.extra = extra
        self.key = key_of(name, extra) if refusal is None else f"<{text}>"
        self.text = text
        """As people know it."""
        self.specifier = specifier
        self.specifier_text = specifier_text
        """What stands for ``specifier`` in keys of memory; equal texts mean equal specifiers."""
        self.pin = pin
        self.user = user
        """The user's requirement that this is; None for a dependency."""
        self.refusal = refusal
        self.rank = RANK_DIRECT if pin is not None else rank_of(specifier)

    def __repr__(self) -> str:
        return f"Wanted({self.text!r})"


class Refusal:
    """Why a pin turned out to be of no use once its metadata was known."""

    __slots__ = ("requires_python", "why")

    def __init__(self, why: str, requires_python: str | None = None) -> None:
        self.why = why
        self.requires_python = requires_python
        """The Requires-Python that the target does not meet; None for other reasons."""


class Pin:
    """One version of a project, or one extra of it, as the solver may choose it. One object for each."""

    __slots__ = ("base", "choice", "dependencies", "direct", "extra", "key", "metadata", "name", "version", "wanted")

    def __init__(
        self,
        name: NormalizedName,
        version: Version,
        choice: Candidate | InstalledDistribution,
        *,
        base: Pin | None = None,
        extra: str | None = None,
        metadata: CoreMetadata | None = None,
        direct: DirectReference | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.choice = choice
        self.base = base
        """The pin of the project itself, for an extra."""
        self.extra = extra
        self.key = key_of(name, extra)
        self.metadata = metadata
        """None until somebody asked for it; always None for an installed distribution."""
        self.direct = direct
        """What it was fetched by; None for everything found by name."""
        self.dependencies: tuple[Dependency, ...] = ()
        """Everything declared, whether or not it applies; filled together with ``wanted``."""
        self.wanted: tuple[Wanted, ...] | None = None
        """What it depends on; None until its metadata was read."""

    @property
    def is_installed(self) -> bool:
        """Whether this stands for what is installed already."""
        return not isinstance(self.choice, Candidate)

    def __repr__(self) -> str:
        return f"Pin({self.key} {self.version})"
