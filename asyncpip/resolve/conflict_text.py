"""What is said where requirements exclude one another: who wants what, through whom, and what would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.candidates import Reason
from asyncpip.core.urls import redact
from asyncpip.errors import ResolutionImpossibleError
from asyncpip.resolve.sentences import MOST_LINES, MOST_VERSIONS, listed, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.version import Version

    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.demands import Demands
    from asyncpip.resolve.narrowing import Relaxation
    from asyncpip.resolve.nogoods import Information
    from asyncpip.resolve.pins import PinTable
    from asyncpip.resolve.selection import Selection
    from asyncpip.resolve.wants import Pin

_MOST_TEXTS = 2
"""Where versions of one project want more different things of another, one of them is given as an example."""

_MOST_OF_ONE = 3
"""Versions of one project in the first line."""
_MOST_UNMET = 3


class _Group:
    """Versions of one project (or of one of its extras) that want something of another."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.texts: dict[str, set[Version]] = {}
        """Versions by what they want."""

    def sentences(self) -> list[str]:
        """Return what they want, in one or two sentences."""
        if len(self.texts) <= _MOST_TEXTS:
            return [
                f"{self.key} {_span(versions)} {'depends' if len(versions) == 1 else 'depend'} on {text}"
                for text, versions in sorted(self.texts.items(), key=lambda item: max(item[1]), reverse=True)
            ]
        every = set().union(*self.texts.values())
        newest = max(every)
        example = next(text for text, versions in self.texts.items() if newest in versions)
        return [f"{self.key} {_span(every)} each depend on certain versions, {newest} on {example}"]


class ConflictText:
    """The error for one conflict."""

    def __init__(
        self,
        causes: Sequence[Information],
        demands: Demands,
        pins: PinTable,
        selection: Selection,
        depths: Mapping[str, int],
        relaxations: Sequence[Relaxation],
    ) -> None:
        parents = {each.parent.name for each in causes if each.parent is not None}
        # That somebody wants what wants something is no cause by itself, unless he wants certain versions of it.
        self._causes = [
            each
            for each in causes
            if each.requirement.name not in parents
            or each.requirement.specifier_text
            or each.requirement.pin is not None
        ]
        self._parents = parents
        self._demands = demands
        self._pins = pins
        self._selection = selection
        self._depths = depths
        self._relaxations = relaxations

    def error(self) -> ResolutionImpossibleError:
        """Return the error, with its facts for machines."""
        constraints = self._constraints()
        rest = [*constraints, *self._absent(), *self._unmet()]
        sentences = shortened([*self._by_user(), *self._by_projects(), *self._refused()], MOST_LINES - len(rest))
        error = ResolutionImpossibleError(
            f"Cannot install {listed(self._triggers(), limit=MOST_VERSIONS)} because these package versions have "
            "conflicting dependencies.",
            why="\n".join(["The conflict is caused by:", *(f"    {line}" for line in sentences), *rest]),
            hint=self._hint(),
        )
        error.facts = self._facts()
        return error

    def _triggers(self) -> list[str]:
        """Return what pip names in its first line."""
        found: dict[str, set[Version]] = {}
        texts: set[str] = set()
        for each in self._causes:
            if each.parent is not None:
                found.setdefault(each.parent.key, set()).add(each.parent.version)
            elif each.requirement.name not in self._parents:
                texts.add(each.requirement.text)
        for key, versions in found.items():
            texts.update(f"{key}=={version}" for version in sorted(versions, reverse=True)[:_MOST_OF_ONE])
        return sorted(texts)

    def _by_user(self) -> list[str]:
        lines: dict[str, None] = {}
        for each in self._causes:
            if each.parent is None and each.requirement.refusal is None:
                user = each.requirement.user
                origin = str(user.origin) if user is not None else ""
                lines[f"The user requested {each.requirement.text}" + (f" ({origin})" if origin else "")] = None
        return list(lines)

    def _by_projects(self) -> list[str]:
        """Return who wants what of whom, from the user's requirements downwards."""
        groups: dict[tuple[str, str], _Group] = {}
        for each in self._causes:
            parent, wanted = each.parent, each.requirement
            if parent is None or wanted.refusal is not None:
                continue
            group = groups.setdefault((parent.key, wanted.name), _Group(parent.key))
            group.texts.setdefault(wanted.text, set()).add(parent.version)
        in_order = sorted(groups, key=lambda keys: (self._depths.get(keys[0], 0), keys))
        return [line for keys in in_order for line in groups[keys].sentences()]

    def _refused(self) -> list[str]:
        return list(dict.fromkeys(each.requirement.refusal.why for each in self._causes if each.requirement.refusal))

    def _constraints(self) -> list[str]:
        names = {each.requirement.name for each in self._causes}
        return [
            f"    The user requested (constraint) {redact(member.text)}"
            + (f" ({member.origin})" if str(member.origin) else "")
            for name in sorted(names & self._demands.constraints.keys())
            for member in self._demands.constraints[name].members
        ]

    def _absent(self) -> list[str]:
        """Return a line about projects without any file that can be used here."""
        names = {each.requirement.name for each in self._causes if each.requirement.pin is None}
        absent = [name for name in sorted(names) if not self._pins.candidates(name).has_usable]
        if not absent:
            return []
        python = self._selection.python_full_version
        return [f"No file of {listed(absent)} fits this platform and Python ({python})."]

    def _unmet(self) -> list[str]:
        """Return a line for each requirement that would have nothing to choose from even alone, and why."""
        lines: dict[str, None] = {}
        for each in self._causes:
            wanted = each.requirement
            if wanted.pin is not None or wanted.refusal is not None or not wanted.specifier_text:
                continue
            candidates = self._pins.candidates(wanted.name)
            if next(candidates.candidates_matching(wanted.specifier), None) is not None:
                continue
            rejected = [one for one in candidates.rejected(wanted.specifier) if one.reason is not Reason.SPECIFIER]
            reasons = dict.fromkeys(f"{one.version} {one.reason.value}" for one in rejected)
            why = f": {listed(reasons, last='; ', limit=_MOST_UNMET)}" if reasons else ""
            lines[f"Nothing meets {wanted.text} here{why}"] = None
        return shortened(list(lines), _MOST_UNMET)

    def _hint(self) -> str:
        """Return what would do, as far as that was found out; else which of the user's own words stand in the way."""
        if self._relaxations:
            return "\n".join(
                f"without the bounds of `{redact(each.requirement.text)}` there is an answer, with "
                f"{each.requirement.name} {each.version}"
                for each in self._relaxations
            )
        names = {each.requirement.name for each in self._causes} | self._parents
        texts = [
            f"the constraint `{redact(member.text)}`"
            for name in sorted(names & self._demands.constraints.keys())
            for member in self._demands.constraints[name].members
        ]
        involved = {id(each.requirement.user) for each in self._causes if each.requirement.user is not None}
        own = [
            each
            for each in self._demands.requirements
            if (id(each) in involved or each.name in self._parents) and (each.specifier or each.direct)
        ]
        texts += [f"`{redact(each.text)}`" for each in sorted(own, key=lambda each: each.text)]
        if not texts:
            return "name a version of one of these projects that leaves the others more room, or leave one out"
        return f"relax {' or '.join(texts[:2])}"

    def _facts(self) -> dict[str, object]:
        return {
            "kind": "conflict",
            "requirements": [{"requirement": redact(user.text), "origin": str(user.origin)} for user in self._users()],
            "constraints": [line.strip() for line in self._constraints()],
            "dependencies": [
                {"project": parent.key, "version": str(parent.version), "requires": text}
                for parent, text in self._dependencies()
            ],
            "refused": self._refused(),
            "relaxing": [
                {"requirement": redact(each.requirement.text), "version": str(each.version)}
                for each in self._relaxations
            ],
        }

    def _dependencies(self) -> list[tuple[Pin, str]]:
        """Return which pin wants what, from the user's requirements downwards, newest versions first."""
        found = [
            (each.parent, each.requirement.text)
            for each in self._causes
            if each.parent is not None and each.requirement.refusal is None
        ]
        found.sort(key=lambda pair: pair[0].version, reverse=True)
        found.sort(key=lambda pair: (self._depths.get(pair[0].key, 0), pair[0].key))
        return found

    def _users(self) -> list[UserRequirement]:
        users = [each.requirement.user for each in self._causes if each.requirement.user is not None]
        return list({id(user): user for user in users}.values())


def _span(versions: set[Version]) -> str:
    if len(versions) == 1:
        return str(next(iter(versions)))
    return f"{min(versions)} to {max(versions)} ({len(versions)} versions)"
