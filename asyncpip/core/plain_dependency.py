"""Requires-Dist lines of installed distributions: nearly all are understood without `re` and `packaging`. Lean.

What is not plain goes to `core.dependency`, whose verdict counts; so do lines that are malformed.
"""

from __future__ import annotations

from asyncpip.core.names import normalize_name
from asyncpip.core.plain_marker import PlainMarkers
from asyncpip.core.version_text import is_plain_specifier, meets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.dependency import MarkerEvaluator

_NAME_SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


class PlainDependency:
    """One Requires-Dist line, taken apart as far as it has to be."""

    __slots__ = ("line", "name", "raw_name", "specifier")

    def __init__(self, line: str, raw_name: str, specifier: str) -> None:
        self.line = line
        self.raw_name = raw_name
        self.name: NormalizedName = normalize_name(raw_name)
        self.specifier = specifier
        """Version specifiers as written; empty for any version, and for a direct reference."""

    def __str__(self) -> str:
        """Return the whole line as `packaging` prints it."""
        from asyncpip.core.dependency import parse_dependency  # noqa: PLC0415 - loads `packaging`, for bad news only

        return str(parse_dependency(self.line))

    def allows(self, version: str) -> bool:
        """Return whether ``version``, which follows PEP 440, would do; pre-releases count."""
        answer = meets(version, self.specifier)
        if answer is None:
            from asyncpip.core.dependency import specifier_of  # noqa: PLC0415 - loads `packaging`

            answer = specifier_of(self.specifier).contains(version, prereleases=True)
        return answer


class DependencyReader:
    """Reads lines for one target environment; an extra is never asked for, as in all commands that only look."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        """``markers``: the marker variables of PEP 508, without ``extra``."""
        self._markers = markers
        self._answers: dict[str, bool] = {}
        self._evaluator: MarkerEvaluator | None = None
        self._plain_markers = PlainMarkers(markers)

    def read(self, lines: list[str]) -> list[PlainDependency]:
        """Return those of ``lines`` whose marker holds; raise `InvalidDependencyError` for one that is malformed."""
        found = []
        for line in map(str.strip, lines):
            name, specifier, marker = _take_apart(line)
            if not marker or self._holds(marker, line):
                found.append(PlainDependency(line, name, specifier))
        return found

    def _holds(self, marker: str, line: str) -> bool:
        answer = self._answers.get(marker)
        if answer is None:
            answer = self._plain_markers.answer(marker)
            if answer is None:
                answer = self._full_answer(line)
            self._answers[marker] = answer
        return answer

    def _full_answer(self, line: str) -> bool:
        from asyncpip.core.dependency import MarkerEvaluator, parse_dependency  # noqa: PLC0415 - loads `packaging`

        dependency = parse_dependency(line)  # which says what is wrong with a malformed marker
        if self._evaluator is None:
            self._evaluator = MarkerEvaluator(self._markers)
        return self._evaluator.applies(dependency)


def _take_apart(line: str) -> tuple[str, str, str]:
    """Return name, version specifiers and marker; empty where there is none of the latter two."""
    head, _, marker = line.partition(";")
    head = head.strip()
    rest = head.lstrip(_NAME_SIGNS)
    name = head[: len(head) - len(rest)]
    rest = rest.strip()
    if rest.startswith("["):
        extras, bracket, rest = rest.partition("]")
        rest = rest.strip() if bracket and _is_name_list(extras[1:]) else "?"
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1].strip()
    if not _is_name(name) or (rest and not is_plain_specifier(rest)):
        return _by_packaging(line)
    return name, rest, marker.strip()


def _by_packaging(line: str) -> tuple[str, str, str]:
    from asyncpip.core.dependency import parse_dependency  # noqa: PLC0415 - loads `packaging`

    parsed = parse_dependency(line)
    return parsed.raw_name, parsed.specifier_text, parsed.marker_text or ""


def _is_name(text: str) -> bool:
    return text[:1].isalnum() and text[-1].isalnum() and not text.lstrip(_NAME_SIGNS)


def _is_name_list(text: str) -> bool:
    return all(_is_name(part.strip()) for part in text.split(",")) if text.strip() else True
