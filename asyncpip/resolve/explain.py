"""Why there is no solution, in plain sentences: who wants what, through whom, and what could be relaxed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.candidates import Reason
from asyncpip.errors import NoMatchingDistributionError
from asyncpip.resolve.conflict_text import ConflictText
from asyncpip.resolve.narrowing import conflicts_in
from asyncpip.resolve.nogoods import Information
from asyncpip.resolve.sentences import MOST_VERSIONS, listed, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

    from asyncpip.core.candidates import Rejected
    from asyncpip.errors import ResolutionError
    from asyncpip.resolve.candidates import CandidateList
    from asyncpip.resolve.demands import Demands
    from asyncpip.resolve.narrowing import Relaxation
    from asyncpip.resolve.nogoods import Conflict
    from asyncpip.resolve.nogoods import Information as Cause
    from asyncpip.resolve.pins import PinTable
    from asyncpip.resolve.selection import Selection
    from asyncpip.resolve.wants import Pin, Wanted


def explain_failure(
    conflict: Conflict,
    demands: Demands,
    pins: PinTable,
    selection: Selection,
    *,
    depths: Mapping[str, int],
    relaxations: Sequence[Relaxation] = (),
) -> ResolutionError:
    """Return the error for what the search could not bring together.

    ``depths``: how far each key is from the user's requirements. ``relaxations``: what would do.
    """
    causes, is_simple = _causes_of(conflict)
    refusals = [each for each in causes if each.requirement.refusal is not None]
    parents = {each.parent.name for each in refusals if each.parent is not None}
    if is_simple and len(refusals) == len(causes):
        if all(each.requirement.refusal and each.requirement.refusal.requires_python for each in refusals):
            return _python_error(refusals, selection)
        if len(parents) == 1:
            return _unusable_error(parents.pop(), refusals, pins)
    if is_simple and not refusals:
        cause = causes[0]
        if cause.requirement.pin is None and cause.requirement.name not in demands.constraints:
            return no_match_error(cause.requirement, cause.parent, pins, selection)
    return ConflictText(causes, demands, pins, selection, depths, relaxations).error()


def _causes_of(conflict: Conflict) -> tuple[list[Cause], bool]:
    """Return the requirements, and who has them, from which a dead end follows.

    And whether each of them alone asks for what there is not; then nothing else is returned.
    """
    everything: list[Cause] = []
    alone: list[Cause] = []
    is_simple = True
    for each in conflicts_in(conflict):
        everything += each.information
        if not each.rejections:
            alone += each.information
            is_simple = is_simple and len(each.information) == 1
        for rejection in each.rejections:
            own = [Information(wanted, rejection.pin) for wanted in rejection.wanted]
            everything += own
            everything += [info for info in rejection.against if info.parent is None or info.parent in rejection.others]
            if rejection.conflict is None:
                alone += own
                is_simple = is_simple and all(wanted.refusal is not None for wanted in rejection.wanted)
    chosen = alone if is_simple else everything
    return list({(id(each.requirement), id(each.parent)): each for each in chosen}.values()), is_simple


def _unusable_error(name: NormalizedName, causes: Sequence[Cause], pins: PinTable) -> NoMatchingDistributionError:
    """Return the error for a project whose every release that would do turned out to be broken."""
    known = ", ".join(map(str, pins.candidates(name).listed_versions()[0])) or "none"
    reasons = dict.fromkeys(each.requirement.refusal.why for each in causes if each.requirement.refusal is not None)
    return NoMatchingDistributionError(
        f"No matching distribution found for {name}",
        why="\n".join(
            [
                f"Could not find a version that satisfies the requirement {name} (from versions: {known})",
                *shortened(list(reasons)),
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
        what = f"Packages require a different Python. {python} not in what {listed(parents)} support"
    return NoMatchingDistributionError(
        what,
        why="\n".join(shortened(lines)),
        hint="use another Python, or --ignore-requires-python at your own risk",
    )


def no_match_error(
    wanted: Wanted, parent: Pin | None, pins: PinTable, selection: Selection
) -> NoMatchingDistributionError:
    """Return the error for one requirement that no file meets; both of pip's lines are in it for those who grep."""
    text = wanted.text.partition(";")[0].strip() + (f" (from {parent.key})" if parent is not None else "")
    candidates = pins.candidates(wanted.name)
    usable, yanked = candidates.listed_versions()
    kind = "final version" if selection.releases.allows_pre_releases(wanted.name) is False else "version"
    known = ", ".join(map(str, usable)) or "none"
    lines = [f"Could not find a {kind} that satisfies the requirement {text} (from versions: {known})"]
    if candidates.is_empty:
        lines.append(f"no index and no find-links place lists a file of {wanted.name}")
    if yanked:
        lines.append(f"Ignored the following yanked versions: {listed(map(str, yanked), last=', ')}")
    rejected = candidates.rejected(wanted.specifier)
    lines.extend(_reasons(rejected, selection))
    return NoMatchingDistributionError(
        f"No matching distribution found for {text}",
        why="\n".join(lines),
        hint=_hint_for(wanted.name, {each.reason for each in rejected}, candidates),
    )


def mention_silence(error: NoMatchingDistributionError, failed_places: Collection[str]) -> None:
    """Let ``error`` say that ``failed_places`` did not answer, if any: what they list is not known."""
    if failed_places:
        silence = f"not all places answered (see above): {', '.join(failed_places)}"
        error.why = silence if error.why is None else f"{error.why}\n{silence}"
        error.hint = "try again when they answer, or correct their addresses"


def no_version_error(
    project: str, candidates: CandidateList, specifier: SpecifierSet, selection: Selection
) -> NoMatchingDistributionError:
    """Return the error for ``project``, as the user wrote it, none of whose ``candidates`` counts."""
    rejected = candidates.rejected(specifier)
    lines = _reasons(rejected, selection)
    yanked = [each.version for each in rejected if each.reason is Reason.YANKED]
    if yanked:
        lines.append(f"Ignored the following yanked versions: {listed(dict.fromkeys(yanked), last=', ')}")
    return NoMatchingDistributionError(
        f"No matching distribution found for {project}",
        why="\n".join(lines) or None,
        hint=_hint_for(candidates.name, {each.reason for each in rejected}, candidates),
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
        named = listed(versions, last=", ", limit=MOST_VERSIONS)
        match reason:
            case Reason.REQUIRES_PYTHON:
                parts = [f"{version} {detail}" for version, detail in versions.items()]
                lines.append(
                    "Ignored the following versions that require a different python version "
                    f"({selection.python_full_version} here): {listed(parts, last='; ', limit=MOST_VERSIONS)}"
                )
            case Reason.NO_MATCHING_TAG:
                lines.append(f"no wheel for this platform and Python: {named}")
            case _:
                lines.append(f"{reason.value}: {named}")
    return lines


def _hint_for(name: NormalizedName, reasons: Collection[Reason], candidates: CandidateList) -> str | None:
    if candidates.is_empty:
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


def _named(pin: Pin | None) -> str:
    return f"{pin.key} {pin.version}" if pin is not None else "the user"
