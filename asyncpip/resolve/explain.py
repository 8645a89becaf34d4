"""Why there is no solution, in plain sentences: who wants what, through whom, and what could be relaxed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from asyncpip.core.candidates import Reason
from asyncpip.core.urls import redact
from asyncpip.errors import NoMatchingDistributionError, ResolutionImpossibleError
from asyncpip.resolve.nogoods import Information

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.candidates import Rejected
    from asyncpip.errors import ResolutionError
    from asyncpip.resolve.candidates import CandidateList
    from asyncpip.resolve.demands import Demands
    from asyncpip.resolve.nogoods import Conflict
    from asyncpip.resolve.nogoods import Information as Cause
    from asyncpip.resolve.pins import PinTable
    from asyncpip.resolve.selection import Selection
    from asyncpip.resolve.wants import Pin, Wanted

_MOST_LINES = 16
"""With the first line and the hint, no more than a terminal of 24 lines shows."""
_MOST_VERSIONS = 6
"""Versions named in one sentence; the rest is counted."""


def explain_failure(conflict: Conflict, demands: Demands, pins: PinTable, selection: Selection) -> ResolutionError:
    """Return the error for what the search could not bring together."""
    causes, is_simple = _causes_of(conflict)
    refusals = [each for each in causes if each.requirement.refusal is not None]
    python = [each for each in refusals if each.requirement.refusal and each.requirement.refusal.requires_python]
    if python:
        return _python_error(python, selection)
    parents = {each.parent.name for each in refusals if each.parent is not None}
    if len(parents) == 1 and is_simple and len(refusals) == len(causes):
        return _unusable_error(parents.pop(), refusals, pins)
    if is_simple and not refusals:
        cause = causes[0]
        if cause.requirement.pin is None and cause.requirement.name not in demands.constraints:
            return no_match_error(cause.requirement, cause.parent, pins, selection)
    return _conflict_error(causes, demands, pins, selection)


def _causes_of(conflict: Conflict) -> tuple[list[Cause], bool]:
    """Return the requirements, and who has them, from which a dead end follows.

    And whether each of them alone asks for what there is not; then nothing else is returned.
    """
    everything: dict[tuple[int, int], Cause] = {}
    alone: dict[tuple[int, int], Cause] = {}
    is_simple = True

    def note(causes: Iterable[Cause], into: dict[tuple[int, int], Cause]) -> None:
        for cause in causes:
            into.setdefault((id(cause.requirement), id(cause.parent)), cause)

    open_conflicts = [conflict]
    seen: set[int] = set()
    while open_conflicts:
        each = open_conflicts.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        note(each.information, everything)
        if not each.rejections:
            note(each.information, alone)
            is_simple = is_simple and len(each.information) == 1
        for rejection in each.rejections:
            own = [Information(wanted, rejection.pin) for wanted in rejection.wanted]
            note([*own, *rejection.against], everything)
            if rejection.conflict is not None:
                open_conflicts.append(rejection.conflict)
            else:
                note(own, alone)
                is_simple = is_simple and all(wanted.refusal is not None for wanted in rejection.wanted)
    return list((alone if is_simple else everything).values()), is_simple


def _unusable_error(name: NormalizedName, causes: Sequence[Cause], pins: PinTable) -> NoMatchingDistributionError:
    """Return the error for a project whose every release that would do turned out to be broken."""
    known = ", ".join(map(str, pins.candidates(name).listed_versions()[0])) or "none"
    reasons = dict.fromkeys(each.requirement.refusal.why for each in causes if each.requirement.refusal is not None)
    return NoMatchingDistributionError(
        f"No matching distribution found for {name}",
        why="\n".join(
            [
                f"Could not find a version that satisfies the requirement {name} (from versions: {known})",
                *_shortened(list(reasons)),
            ]
        ),
        hint="the project has to repair its releases; another version may do",
    )


def _python_error(causes: Sequence[Cause], selection: Selection) -> ResolutionError:
    python = selection.python_full_version
    lines = sorted(
        {
            f"{_named(each.parent)} needs Python {each.requirement.refusal.requires_python}"
            for each in causes
            if each.parent is not None and each.requirement.refusal is not None
        }
    )
    parents = sorted({each.parent.name for each in causes if each.parent is not None})
    if len(lines) == 1 and causes[0].requirement.refusal is not None:
        wanted = causes[0].requirement.refusal.requires_python
        what = f"Package {parents[0]!r} requires a different Python: {python} not in {wanted!r}"
    else:
        what = f"Packages require a different Python. {python} not in what {_listed(parents)} support"
    return NoMatchingDistributionError(
        what,
        why="\n".join(_shortened(lines)),
        hint="use another Python, or --ignore-requires-python at your own risk",
    )


def no_match_error(
    wanted: Wanted, parent: Pin | None, pins: PinTable, selection: Selection
) -> NoMatchingDistributionError:
    """Return the error for one requirement that no file meets; both of pip's lines are in it for those who grep."""
    text = wanted.text.partition(";")[0].strip() + (f" (from {parent.key})" if parent is not None else "")
    listed = pins.candidates(wanted.name)
    usable, yanked = listed.listed_versions()
    kind = "final version" if selection.releases.allows_pre_releases(wanted.name) is False else "version"
    known = ", ".join(map(str, usable)) or "none"
    lines = [f"Could not find a {kind} that satisfies the requirement {text} (from versions: {known})"]
    if listed.is_empty:
        lines.append(f"no index and no find-links place lists a file of {wanted.name}")
    if yanked:
        lines.append(f"Ignored the following yanked versions: {_listed(map(str, yanked), last=', ')}")
    rejected = listed.rejected(wanted.specifier)
    lines.extend(_reasons(rejected, selection))
    return NoMatchingDistributionError(
        f"No matching distribution found for {text}",
        why="\n".join(lines),
        hint=_hint_for(wanted.name, {each.reason for each in rejected}, listed),
    )


def no_version_error(
    project: str, listed: CandidateList, specifier: SpecifierSet, selection: Selection
) -> NoMatchingDistributionError:
    """Return the error for ``project``, as the user wrote it, of which nothing ``listed`` counts."""
    rejected = listed.rejected(specifier)
    lines = _reasons(rejected, selection)
    yanked = [each.version for each in rejected if each.reason is Reason.YANKED]
    if yanked:
        lines.append(f"Ignored the following yanked versions: {_listed(dict.fromkeys(yanked), last=', ')}")
    return NoMatchingDistributionError(
        f"No matching distribution found for {project}",
        why="\n".join(lines) or None,
        hint=_hint_for(listed.name, {each.reason for each in rejected}, listed),
    )


def _reasons(rejected: Iterable[Rejected], selection: Selection) -> list[str]:
    """Return a line for each reason why files were left out, with the versions that it hit."""
    groups: dict[Reason, dict[str, str]] = {}
    for each in rejected:
        if each.reason not in (Reason.SPECIFIER, Reason.YANKED):
            groups.setdefault(each.reason, {})[each.version] = each.detail
    lines = []
    for reason, versions in groups.items():
        # Newest first comes from the list of candidates; people look for the newest.
        named = _listed(versions, last=", ", limit=_MOST_VERSIONS)
        match reason:
            case Reason.REQUIRES_PYTHON:
                parts = [f"{version} {detail}" for version, detail in versions.items()]
                lines.append(
                    "Ignored the following versions that require a different python version "
                    f"({selection.python_full_version} here): {_listed(parts, last='; ', limit=_MOST_VERSIONS)}"
                )
            case Reason.NO_MATCHING_TAG:
                lines.append(f"no wheel for this platform and Python: {named}")
            case _:
                lines.append(f"{reason.value}: {named}")
    return lines


def _hint_for(name: NormalizedName, reasons: Collection[Reason], listed: CandidateList) -> str | None:
    if listed.is_empty:
        if name.endswith(("requirements-txt", "requirements-in")):
            return "to install what a requirements file lists, name it after -r"
        return "check the spelling, and that the right index is asked (-i, --extra-index-url)"
    hints = {
        Reason.PRE_RELEASE: "--pre admits pre-releases",
        Reason.REQUIRES_PYTHON: "another Python version would do, or an older version of the project",
        Reason.SDIST_UNSUPPORTED: "leave --no-build out",
        Reason.SDIST_EXCLUDED: f"relax --only-binary or --no-binary for {name}",
        Reason.WHEEL_EXCLUDED: f"relax --only-binary or --no-binary for {name}",
    }
    return next((hint for reason, hint in hints.items() if reason in reasons), None)


def _conflict_error(
    causes: Sequence[Cause], demands: Demands, pins: PinTable, selection: Selection
) -> ResolutionImpossibleError:
    parents = {each.parent.name for each in causes if each.parent is not None}
    # That somebody wants what wants something is no cause by itself, unless he wants certain versions of it.
    causes = [
        each
        for each in causes
        if each.requirement.name not in parents or each.requirement.specifier_text or each.requirement.pin is not None
    ]
    triggers = sorted(
        {
            each.requirement.text if each.parent is None else f"{each.parent.key}=={each.parent.version}"
            for each in causes
            if each.parent is not None or each.requirement.name not in parents
        }
    )
    lines = ["The conflict is caused by:"]
    sentences = _sentences(causes)
    lines.extend(f"    {sentence}" for sentence in _shortened(sentences))
    names = {each.requirement.name for each in causes}
    for name in sorted(names & demands.constraints.keys()):
        for member in demands.constraints[name].members:
            place = f" ({member.origin})" if str(member.origin) else ""
            lines.append(f"    The user requested (constraint) {redact(member.text)}{place}")
    absent = [
        name
        for name in sorted({each.requirement.name for each in causes if each.requirement.pin is None})
        if not pins.candidates(name).listed_versions()[0]
    ]
    if absent:
        lines.append(f"No file of {_listed(absent)} fits this platform and Python ({selection.python_full_version}).")
    return ResolutionImpossibleError(
        f"Cannot install {_listed(triggers, limit=_MOST_VERSIONS)} because these package versions have "
        "conflicting dependencies.",
        why="\n".join(lines),
        hint=_relaxing(causes, demands),
    )


def _sentences(causes: Iterable[Cause]) -> list[str]:
    """Return who wants what, the user first; versions of one project that want the same share a sentence."""
    by_user: dict[str, None] = {}
    by_project: dict[tuple[str, str], set[Version]] = {}
    refused: dict[str, None] = {}
    for each in causes:
        wanted, parent = each.requirement, each.parent
        if wanted.refusal is not None:
            refused[wanted.refusal.why] = None
        elif parent is None:
            origin = str(wanted.user.origin) if wanted.user is not None else ""
            by_user[f"The user requested {wanted.text}" + (f" ({origin})" if origin else "")] = None
        else:
            by_project.setdefault((parent.key, wanted.text), set()).add(parent.version)
    sentences = list(by_user)
    for (key, text), versions in sorted(by_project.items()):
        if len(versions) == 1:
            sentences.append(f"{key} {next(iter(versions))} depends on {text}")
        else:
            span = f"{min(versions)} to {max(versions)}"
            sentences.append(f"{key} {span} ({len(versions)} versions) depend on {text}")
    return sentences + list(refused)


def _relaxing(causes: Iterable[Cause], demands: Demands) -> str:
    """Return which of the user's own words to relax: constraints and versions that he named come first."""
    texts: Counter[str] = Counter()
    for each in causes:
        name = each.requirement.name
        for member in demands.constraints[name].members if name in demands.constraints else ():
            texts[f"the constraint `{redact(member.text)}`"] += 2
        for requirement in demands.requirements:
            involved = {name, each.parent.name if each.parent is not None else name}
            if requirement.name in involved and (requirement.specifier or requirement.direct):
                texts[f"`{redact(requirement.text)}`"] += 1
    if not texts:
        return "name a version of one of these projects that leaves the others more room, or leave one out"
    best = [text for text, _ in sorted(texts.items(), key=lambda item: (-item[1], item[0]))[:2]]
    return f"relax {' or '.join(best)}"


def _named(pin: Pin | None) -> str:
    return f"{pin.key} {pin.version}" if pin is not None else "the user"


def _listed(parts: Iterable[str], *, last: str = " and ", limit: int = 0) -> str:
    """Return ``a, b and c``; past ``limit`` (0: none) the rest is counted."""
    names = list(parts)
    if limit and len(names) > limit:
        names = [*names[: limit - 1], f"{len(names) - limit + 1} more"]
    if len(names) < 2:  # noqa: PLR2004 - one or none needs no joining
        return "".join(names)
    separator = "; " if last == "; " else ", "
    return separator.join(names[:-1]) + last + names[-1]


def _shortened(lines: Sequence[str]) -> list[str]:
    """Return at most `_MOST_LINES` lines, the last of them a count of what is left out."""
    if len(lines) <= _MOST_LINES:
        return list(lines)
    return [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more of the kind"]
