"""What the user allows to be chosen: formats, pre-releases, moments of upload, wheel tags, upgrades. Values only."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from packaging.version import Version

from asyncpip.core.dependency import specifier_of
from asyncpip.core.names import normalize_name
from asyncpip.core.values import Value, field
from asyncpip.core.wheel_filename import single_tags
from asyncpip.errors import CommandError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.wheel_filename import WheelName

ALL = ":all:"
NONE = ":none:"


class UpgradeStrategy(enum.Enum):
    """When a newer version takes the place of an installed one that would do."""

    TO_SATISFY_ONLY = "to-satisfy-only"
    """Never: no `--upgrade`."""
    ONLY_IF_NEEDED = "only-if-needed"
    """For projects that the user named."""
    EAGER = "eager"
    """For every project."""


class IndexStrategy(enum.Enum):
    """How several indexes that know a project are combined."""

    BEST = "best"
    """All their files count (pip's rule)."""
    FIRST_INDEX = "first-index"
    """Only those of the first index that has any; find-links places always count."""


class PreferredVersion(enum.Enum):
    """Which of several versions that fit is chosen (`--resolution`)."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    """For finding out whether the lower bounds in one's metadata are true."""
    LOWEST_DIRECT = "lowest-direct"
    """The lowest of projects that the user named, the highest of all others."""


def _apply_rule(value: str, target: set[str], other: set[str]) -> None:
    """Change both sets as one option value says: names, `:all:`, `:none:`, with commas; left to right (pip's rule)."""
    names = value.split(",")
    while ALL in names:
        other.clear()
        target.clear()
        target.add(ALL)
        del names[: names.index(ALL) + 1]
        if NONE not in names:
            return
    for name in names:
        if name == NONE:
            target.clear()
            continue
        normalized = normalize_name(name.strip().strip(":"))
        other.discard(normalized)
        target.add(normalized)


def _apply_rules(rules: Iterable[tuple[str, str]], first: str, second: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what ``rules``, pairs of option name and value in the order given, leave in the sets of both options."""
    sets: dict[str, set[str]] = {first: set(), second: set()}
    for option, value in rules:
        if value.startswith("-"):
            raise CommandError(f"--{first} / --{second} option requires 1 argument.", why=f"it was given {value!r}")
        _apply_rule(value, sets[option], sets[second if option == first else first])
    return frozenset(sets[first]), frozenset(sets[second])


def unknown_words(value: str) -> tuple[str, ...]:
    """Return the parts of an option value that look like ``:word:`` without being one; they count as ``word``."""
    return tuple(
        part for part in value.split(",") if part.startswith(":") and part.endswith(":") and part not in (ALL, NONE)
    )


class FormatControl(Value):
    """Which projects may not come as wheels, and which may come as nothing else. A name beats `:all:`."""

    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rules: Iterable[tuple[str, str]]) -> FormatControl:
        """Return the control for pairs of ``no-binary`` or ``only-binary`` and value, in the order they were given."""
        no_binary, only_binary = _apply_rules(rules, "no-binary", "only-binary")
        return cls(no_binary=no_binary, only_binary=only_binary)

    def allows(self, name: NormalizedName) -> tuple[bool, bool]:
        """Return whether ``name`` may come as a wheel, and whether as an sdist."""
        if name in self.only_binary:
            return True, False
        if name in self.no_binary:
            return False, True
        if ALL in self.only_binary:
            return True, False
        return ALL not in self.no_binary, True


class ReleaseControl(Value):
    """For which projects pre-releases are welcome, and for which they are out. A name beats `:all:`."""

    all_releases: frozenset[str] = frozenset()
    only_final: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rules: Iterable[tuple[str, str]]) -> ReleaseControl:
        """Return the control for pairs of ``all-releases`` or ``only-final`` and value; `--pre` is `:all:`."""
        all_releases, only_final = _apply_rules(rules, "all-releases", "only-final")
        return cls(all_releases=all_releases, only_final=only_final)

    def allows_pre_releases(self, name: NormalizedName) -> bool | None:
        """Return whether pre-releases of ``name`` count; None leaves it to specifiers and to what there is."""
        if name in self.all_releases:
            return True
        if name in self.only_final:
            return False
        if ALL in self.all_releases:
            return True
        return False if ALL in self.only_final else None


class _Answers:
    """What a selection has worked out so far. All are equal: they follow from its other fields."""

    __slots__ = ("by_python", "rank_of_tag", "rank_of_tags")

    def __init__(self) -> None:
        self.rank_of_tag: dict[str, int] | None = None
        self.rank_of_tags: dict[tuple[str, str, str], int | None] = {}
        self.by_python: dict[str, bool] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Answers)

    def __hash__(self) -> int:
        return 0


class Selection(Value):
    """Which files are candidates at all, in one target environment."""

    tags: tuple[str, ...]
    """Wheel tags of the target, best first."""
    python_full_version: str
    """Of the target; what Requires-Python is compared with."""
    formats: FormatControl = field(default_factory=FormatControl)
    releases: ReleaseControl = field(default_factory=ReleaseControl)
    prefer_binary: bool = False
    uploaded_prior_to: dt.datetime | None = None
    """With a time zone."""
    ignore_requires_python: bool = False
    allow_sdists: bool = False
    """Whether an sdist can be made use of."""
    index_strategy: IndexStrategy = IndexStrategy.BEST
    preferred: PreferredVersion = PreferredVersion.HIGHEST
    answers: _Answers = field(default_factory=_Answers)

    def tag_rank(self, wheel: WheelName) -> int | None:
        """Return the place of the wheel's best tag, 0 being the best; None where no tag fits."""
        return self.rank_of((wheel.python_tags, wheel.abi_tags, wheel.platform_tags))

    def rank_of(self, tags: tuple[str, str, str]) -> int | None:
        """Return the same for a wheel's Python, ABI and platform tags."""
        try:
            return self.answers.rank_of_tags[tags]
        except KeyError:
            ranks = [rank for tag in single_tags(*tags) if (rank := self._rank_of_tag().get(tag.lower())) is not None]
            best = self.answers.rank_of_tags[tags] = min(ranks, default=None)
            return best

    def _rank_of_tag(self) -> Mapping[str, int]:
        if self.answers.rank_of_tag is None:
            self.answers.rank_of_tag = {tag: rank for rank, tag in enumerate(self.tags)}
        return self.answers.rank_of_tag

    def allows_python(self, requires_python: str | None) -> bool:
        """Return whether the target meets a Requires-Python; one that does not parse asks for nothing (as in pip)."""
        if requires_python is None or self.ignore_requires_python:
            return True
        answer = self.answers.by_python.get(requires_python)
        if answer is None:
            try:
                specifier = specifier_of(requires_python)
                answer = specifier.contains(Version(self.python_full_version).base_version, prereleases=True)
            except ValueError:  # `InvalidSpecifier`, or a number with more digits than Python reads
                answer = True
            self.answers.by_python[requires_python] = answer
        return answer
