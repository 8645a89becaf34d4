"""Dependencies as metadata declares them (Requires-Dist; dependency specifiers, PEP 508), read fast and once.

A resolution of 171 projects reads some 3,000 of these lines, most of them for extras that nobody asked for. Common
shapes are taken apart by one regular expression, and their markers are evaluated here; the rest, and everything
malformed, goes to `packaging`, whose verdict counts, and whose markers and requirements (8 ms) are imported only then.
Parsed values are shared by text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from asyncpip.core.names import normalize_name
from asyncpip.core.plain_marker import PlainMarkers, split_clause, split_outside
from asyncpip.core.values import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.markers import Marker
    from packaging.utils import NormalizedName

_IDENTIFIER = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_COMMON = re.compile(
    rf"({_IDENTIFIER})\s*(?:\[([^\]]*)\])?\s*(?:\(([^;@()]*)\)|([^;@()]*?))\s*(?:;\s*(.+))?", re.ASCII | re.DOTALL
)
_VARIABLES = frozenset((
    "extra", "python_version", "python_full_version", "os_name", "sys_platform", "platform_machine", "platform_system",
    "platform_python_implementation", "implementation_name", "platform_release", "implementation_version",
))  # fmt: skip
_MOST_ALTERNATIVES = 32
"""Of a marker, taken apart; one with more would be no less work than `packaging` makes of it."""
_OPERATORS = frozenset(("==", "!=", "<=", ">=", "~=", "<", ">"))


class InvalidDependencyError(ValueError):
    """A Requires-Dist line that dependency specifiers (PEP 508, PEP 440) do not allow."""


class Dependency(Row):
    """One Requires-Dist line."""

    name: NormalizedName
    raw_name: str
    """As the line spells it, for messages."""
    extras: tuple[NormalizedName, ...]
    """Sorted."""
    specifier_text: str
    """What `specifier_of` takes; empty for any version."""
    marker_text: str | None
    url: str | None

    @property
    def text(self) -> str:
        """The dependency without its marker: as pip names it to people."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        if self.url:
            return f"{self.raw_name}{extras} @ {self.url}"
        return f"{self.raw_name}{extras}{specifier_of(self.specifier_text)}"

    def __str__(self) -> str:
        """Return the dependency as `packaging` prints one."""
        if not self.marker_text:
            return self.text
        return f"{self.text}{' ' if self.url else ''}; {marker_of(self.marker_text)}"


@lru_cache(maxsize=16384)
def specifier_of(text: str) -> SpecifierSet:
    """Return the version specifiers ``text``, shared; raise `InvalidSpecifier`."""
    return SpecifierSet(text)


@lru_cache(maxsize=4096)
def marker_of(text: str) -> Marker:
    """Return the marker ``text``, shared; raise `InvalidMarker`."""
    from packaging.markers import Marker  # noqa: PLC0415 - 8 ms, and rarely needed

    return Marker(text)


class _Clause:
    """One comparison of a marker."""

    __slots__ = ("extra", "operator", "text", "value", "variable")

    def __init__(self, variable: str, operator: str, value: str) -> None:
        self.variable = variable
        self.operator = operator
        self.value = value
        self.text = f'{variable} {operator} "{value}"'
        self.extra = normalize_name(value) if variable == "extra" else None
        """The extra compared with; None for every other variable."""


@lru_cache(maxsize=4096)
def _clauses_of(marker_text: str) -> tuple[tuple[_Clause, ...], ...] | None:
    """Return the marker as alternatives of clauses that must all hold; None where it needs `packaging`."""
    if not (marker_text.isascii() and marker_text.isprintable()):
        return None  # blanks of other kinds, which `packaging` may refuse
    alternatives = _alternatives(marker_text)
    return None if alternatives is None else tuple(alternatives)


def _alternatives(marker_text: str) -> list[tuple[_Clause, ...]] | None:
    found: list[tuple[_Clause, ...]] = []
    for alternative in split_outside(marker_text, " or ") or ("",):
        ways: list[tuple[_Clause, ...]] = [()]
        for part in split_outside(alternative, " and ") or ("",):
            text = part.strip()
            is_group = text.startswith("(") and text.endswith(")")
            inner = _alternatives(text[1:-1]) if is_group else _clause(text)
            if inner is None or len(ways) * len(inner) > _MOST_ALTERNATIVES:
                return None
            ways = [(*way, *more) for way in ways for more in inner]
        found += ways
    return found


def _clause(text: str) -> list[tuple[_Clause, ...]] | None:
    """Return the one alternative that a comparison is; None where it needs `packaging`."""
    variable, operator, value = split_clause(text)
    if (
        variable not in _VARIABLES
        or operator not in _OPERATORS
        or (variable == "extra" and operator not in ("==", "!="))
        or "(" in text
        or ")" in text
    ):
        return None
    return [(_Clause(variable, operator, value),)]


def _is_marker(text: str) -> bool:
    if _clauses_of(text) is not None:
        return True
    from packaging.markers import InvalidMarker  # noqa: PLC0415 - as above

    try:
        marker_of(text)
    except InvalidMarker:
        return False
    return True


@lru_cache(maxsize=32768)
def parse_dependency(text: str) -> Dependency:
    """Return the dependency that ``text``, the value of one Requires-Dist field, declares.

    Raises `InvalidDependencyError`, with the words of `packaging`.
    """
    text = text.strip()
    match = _COMMON.fullmatch(text)
    if match is None:
        return _parse_by_packaging(text)
    raw_name, extras_text, in_parentheses, bare, marker_text = match.groups()
    specifier_text = in_parentheses or bare or ""
    try:
        specifier_of(specifier_text)
    except InvalidSpecifier:
        return _parse_by_packaging(text)
    if marker_text is not None and not _is_marker(marker_text):
        return _parse_by_packaging(text)
    extras: tuple[NormalizedName, ...] = ()
    if extras_text:
        raw_extras = [extra.strip() for extra in extras_text.split(",")]
        if not all(re.fullmatch(_IDENTIFIER, extra, re.ASCII) for extra in raw_extras):
            return _parse_by_packaging(text)
        extras = tuple(sorted({normalize_name(extra) for extra in raw_extras}))
    return Dependency(normalize_name(raw_name), raw_name, extras, specifier_text, marker_text, None)


def _parse_by_packaging(text: str) -> Dependency:
    """Return the dependency as `packaging` reads it; raise `InvalidDependencyError`."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - as above

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise InvalidDependencyError(str(error)) from None
    return Dependency(
        normalize_name(requirement.name),
        requirement.name,
        tuple(sorted({normalize_name(extra) for extra in requirement.extras})),
        str(requirement.specifier),
        str(requirement.marker) if requirement.marker else None,
        requirement.url,
    )


class MarkerEvaluator:
    """Tells which dependencies hold in one target environment; remembers every answer."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        self.markers = dict(markers)
        """The marker variables of PEP 508, without ``extra``."""
        self._plain_markers = PlainMarkers(self.markers)
        self._clauses: dict[str, bool] = {}
        self._answers: dict[tuple[str, str], bool] = {}

    def applies(self, dependency: Dependency, extras: Collection[str] = ()) -> bool:
        """Return whether ``dependency`` counts when ``extras`` (normalised) of its distribution are asked for.

        Without extras the marker variable ``extra`` is empty; with several, one that fits is enough (as in pip).
        Raises `InvalidDependencyError` for comparisons that have no meaning.
        """
        marker_text = dependency.marker_text
        if marker_text is None:
            return True
        if not extras:
            return self.evaluate(marker_text)
        return any(self.evaluate(marker_text, extra) for extra in extras)

    def evaluate(self, marker_text: str, extra: str = "") -> bool:
        """Return whether the marker holds with ``extra`` as the extra asked for."""
        key = (marker_text, extra)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._evaluate(marker_text, extra)
        return answer

    def plain_answer(self, marker_text: str) -> bool | None:
        """Return whether a marker of common clauses holds without an extra; None for every other text."""
        return self._plain_markers.answer(marker_text)

    def _evaluate(self, marker_text: str, extra: str) -> bool:
        alternatives = _clauses_of(marker_text)
        if alternatives is None:
            return self._ask_packaging(marker_text, extra)
        return any(all(self._holds(clause, extra) for clause in clauses) for clauses in alternatives)

    def _holds(self, clause: _Clause, extra: str) -> bool:
        if clause.extra is not None:
            return (clause.extra == extra) is (clause.operator == "==")
        answer = self._clauses.get(clause.text)
        if answer is None:
            answer = self._plain_markers.clause_answer(clause.variable, clause.operator, clause.value)
            if answer is None:
                answer = self._ask_packaging(clause.text, "")
            self._clauses[clause.text] = answer
        return answer

    def _ask_packaging(self, marker_text: str, extra: str) -> bool:
        from packaging.markers import UndefinedComparison, UndefinedEnvironmentName  # noqa: PLC0415 - as above

        try:
            return marker_of(marker_text).evaluate({**self.markers, "extra": extra})
        except (UndefinedComparison, UndefinedEnvironmentName) as error:
            raise InvalidDependencyError(f"marker {marker_text!r}: {error}") from None
