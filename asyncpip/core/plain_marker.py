"""Markers (dependency specifiers, PEP 508) of the common clauses, evaluated without `re` and `packaging`. Lean."""

from __future__ import annotations

from asyncpip.core.version_text import meets, parse_release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSIONS = ("python_version", "python_full_version")
_WORDS = (
    "sys_platform", "platform_system", "platform_python_implementation", "implementation_name", "os_name",
    "platform_machine",
)  # fmt: skip


class PlainMarkers:
    """Tells which markers hold in one target environment while no extra is asked for, as far as that is plain."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        """``markers``: the marker variables of PEP 508, without ``extra``."""
        self._markers = markers
        self._releases = {name: parse_release(markers.get(name, "")) for name in _VERSIONS}

    def answer(self, marker: str) -> bool | None:
        """Return what a marker of common clauses comes to; None for every other one."""
        alternatives = split_outside(marker, " or ")
        if alternatives is None:
            return None
        answers = []
        for alternative in alternatives:
            parts = split_outside(alternative, " and ") or [""]
            values = [
                self.answer(part[1:-1])
                if part[:1] == "(" and part[-1:] == ")"
                else self.clause_answer(*split_clause(part))
                for part in map(str.strip, parts)
            ]
            if None in values:
                return None
            answers.append(all(values))
        return any(answers)

    def clause_answer(self, variable: str, operator: str, value: str) -> bool | None:
        """Return what one comparison comes to; None where `packaging` has to say."""
        if variable == "extra":
            # No extra is asked for.
            return {"==": False, "!=": True}.get(operator) if value else None
        if variable in _VERSIONS:
            release = self._releases[variable]
            if release is None or not value:
                return None
            return meets(".".join(map(str, release)), f"{operator}{value}")
        if variable in _WORDS and operator in ("==", "!=") and value[:1].isalpha() and value[0] not in "vV":
            return (self._markers.get(variable) == value) is (operator == "==")
        return None


def split_clause(clause: str) -> tuple[str, str, str]:
    """Return variable, operator and value of ``variable op "value"``; empty texts where it is not of that form."""
    clause = clause.strip()
    quote = clause[-1:]
    before, opening, value = clause[:-1].partition(quote) if quote in ("'", '"') and quote else ("", "", "")
    if not opening or "'" in value or '"' in value or "'" in before or '"' in before:
        return "", "", ""
    words = before.split()
    if len(words) == 1:
        variable = words[0].rstrip("<>=!~")
        return variable, words[0][len(variable) :], value
    if len(words) != 2:  # noqa: PLR2004 - variable and operator
        return "", "", ""
    return words[0], words[1], value


def split_outside(marker: str, word: str) -> list[str] | None:
    """Return what stands between the ``word``s outside of parentheses; None where those are not in pairs."""
    pieces = marker.split(word)
    if "(" not in marker and ")" not in marker:
        return pieces
    parts: list[str] = []
    depth, opened = 0, ""
    for piece in pieces:
        opened = f"{opened}{word}{piece}" if depth else piece
        depth += piece.count("(") - piece.count(")")
        if depth < 0:
            return None
        if depth == 0:
            parts.append(opened)
    return parts if depth == 0 else None
