"""Resolution and installed distributions → what to add, remove and keep; and whether what is left fits together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncpip.core.direct_url import DirectoryInfo
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.names import normalize_name
from asyncpip.core.urls import redact
from asyncpip.core.values import Value
from asyncpip.core.version_text import canonical_version, meets
from asyncpip.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.utils import NormalizedName

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.resolution import Resolution, Resolved

CONFLICTS_HEADER = (
    "pip's dependency resolver does not currently take into account all the packages that are installed. "
    "This behaviour is the source of the following dependency conflicts."
)
"""pip's first line above the conflicts of an install."""
_REQUIREMENT_NAME = r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*"


class InstallPlan(Value):
    """What an install will do."""

    add: tuple[Resolved, ...]
    """In install order, dependencies first; the choice of each is a `Candidate`."""
    remove: tuple[InstalledDistribution, ...]
    """What has to go before an entry of ``add`` of the same name comes; in that order."""
    keep: tuple[InstalledDistribution, ...]
    """What the resolution wants and is there already."""
    notes: tuple[str, ...] = ()
    """Lines for people about what was kept against expectation."""
    warnings: tuple[str, ...] = ()


class Conflict(Value):
    """One requirement of an installed distribution that is not met."""

    project: NormalizedName
    version: str
    requirement: str
    required: NormalizedName
    found: str | None
    """The version that is there; None where ``required`` is not installed."""

    @property
    def install_text(self) -> str:
        """Pip's sentence after an install."""
        if self.found is None:
            return f"{self.project} {self.version} requires {self.requirement}, which is not installed."
        return (
            f"{self.project} {self.version} requires {self.requirement}, "
            f"but you have {self.required} {self.found} which is incompatible."
        )


def plan_install(
    resolution: Resolution,
    installed: Mapping[NormalizedName, InstalledDistribution],
    *,
    force_reinstall: bool = False,
    ignore_installed: bool = False,
    user_site: bool = False,
    is_virtual: bool = False,
    only_deps_names: Collection[NormalizedName] = (),
) -> InstallPlan:
    """Return what carries out ``resolution`` where ``installed`` is there already.

    ``ignore_installed`` takes nothing away (`--ignore-installed`, `--target`). ``user_site`` says that the destination
    is the user site, ``is_virtual`` that the target is a virtual environment: a distribution there would still win,
    which raises `InstallError`. Projects in ``only_deps_names`` are left as they are (`--only-deps`).
    """
    add: list[Resolved] = []
    remove: list[InstalledDistribution] = []
    keep: list[InstalledDistribution] = []
    notes: list[str] = []
    warnings: list[str] = []
    for decision in resolution.decisions:
        if decision.name in only_deps_names:
            continue
        if isinstance(decision.choice, InstalledDistribution):
            keep.append(decision.choice)
            continue
        existing = None if ignore_installed else installed.get(decision.name)
        if existing is not None and user_site and not existing.in_user_site:
            _refuse_shadowing(existing, is_virtual=is_virtual)
            existing = None
        if existing is not None and not force_reinstall and not _is_replaced(existing, decision.choice):
            keep.append(existing)
            if _is_local_file(decision.choice):
                notes.append(
                    f"{decision.name} is already installed with the same version as the provided wheel. "
                    "Use --force-reinstall to force an installation of the wheel."
                )
            continue
        add.append(decision)
        if existing is not None:
            remove.append(existing)
        if decision.choice.file.is_yanked:
            warnings.append(yanked_warning(decision.choice))
    return InstallPlan(
        add=tuple(add), remove=tuple(remove), keep=tuple(keep), notes=tuple(notes), warnings=tuple(warnings)
    )


def find_conflicts(
    plan: InstallPlan,
    versions: Mapping[NormalizedName, str],
    dependents: Iterable[InstalledDistribution],
    metadata: Mapping[NormalizedName, CoreMetadata],
    evaluate_marker: Callable[[str], bool],
    *,
    plain_answer: Callable[[str], bool | None] = lambda _: None,
    solved_together: bool = False,
) -> list[Conflict]:
    """Return what will not fit together once ``plan`` is carried out: first what is missing, then wrong versions.

    As in pip only projects of the plan and those that require one of them are looked at. ``versions`` are those of all
    that is installed, ``dependents`` what of it may require a project of the plan. ``metadata`` is that of the plan's
    candidates; ``evaluate_marker`` judges a marker's text for the target, without extra, and ``plain_answer`` a usual
    one as it is written. ``solved_together`` says that the solver has seen all requirements of the plan's candidates
    (no `--no-deps`, no `--override`), so that these need no second look. A requirement that does not parse is passed
    over.
    """
    added = {decision.name: str(decision.choice.version) for decision in plan.add}
    there = {**versions, **added}
    looked_at: dict[NormalizedName, Sequence[str]] = {
        found.name: found.requires_dist
        for found in dependents
        if found.name not in added and any(_required_name(text) in added for text in found.requires_dist)
    }
    if not solved_together:
        looked_at.update((name, metadata[name].requires_dist) for name in added)
    missing: list[Conflict] = []
    unfit: list[Conflict] = []
    for name in there if looked_at else ():
        if name in looked_at:
            conflicts = _conflicts_of(name, looked_at[name], there, evaluate_marker, plain_answer)
            missing += [conflict for conflict in conflicts if conflict.found is None]
            unfit += [conflict for conflict in conflicts if conflict.found is not None]
    return missing + unfit


def _refuse_shadowing(existing: InstalledDistribution, *, is_virtual: bool) -> None:
    if is_virtual and existing.is_local:
        raise InstallError(
            "Will not install to the user site because it will lack sys.path precedence to "
            f"{existing.raw_name} in {existing.location}",
            hint="leave out `--user`, or uninstall it first",
        )


def _is_replaced(existing: InstalledDistribution, candidate: Candidate) -> bool:
    """Return whether ``candidate`` takes the place of ``existing`` although nobody forces it to."""
    if existing.version != candidate.version or existing.editable_location is not None:
        return True
    if candidate.direct_url is not None and isinstance(candidate.direct_url.info, DirectoryInfo):
        return True
    return _is_local_file(candidate) and not candidate.file.is_wheel


def _is_local_file(candidate: Candidate) -> bool:
    return candidate.file.url.startswith("file:")


def yanked_warning(candidate: Candidate) -> str:
    """Return pip's warning about a candidate that its index withdrew (PEP 592)."""
    reason = candidate.file.yanked if isinstance(candidate.file.yanked, str) and candidate.file.yanked else None
    return (
        "The candidate selected for download or install is a yanked version: "
        f"{str(candidate.name)!r} candidate (version {candidate.version} at {redact(candidate.file.url)})\n"
        f"Reason for being yanked: {reason or '<none given>'}"
    )


def _required_name(text: str) -> NormalizedName | None:
    match = re.match(_REQUIREMENT_NAME, text)
    return normalize_name(match.group(1)) if match else None


def _conflicts_of(
    name: NormalizedName,
    requires_dist: Sequence[str],
    there: Mapping[NormalizedName, str],
    evaluate_marker: Callable[[str], bool],
    plain_answer: Callable[[str], bool | None],
) -> list[Conflict]:
    conflicts: dict[str, Conflict] = {}
    for text in requires_dist:
        required = _required_name(text)
        match = re.match(_REQUIREMENT_NAME, text)
        if required is None or match is None:
            continue
        found = there.get(required)
        found = None if found is None else canonical_version(found) or found
        specifier, _, marker = text[match.end() :].partition(";")
        if found is not None and meets(found, specifier.strip()) is True:
            continue
        if marker and plain_answer(marker.strip()) is False:
            continue
        requirement = _parse(text)
        if requirement is None or (requirement.marker is not None and not evaluate_marker(str(requirement.marker))):
            continue
        if found is not None and requirement.specifier.contains(found, prereleases=True):
            continue
        conflicts[str(requirement)] = Conflict(
            project=name,
            version=canonical_version(there[name]) or there[name],
            requirement=str(requirement),
            required=required,
            found=found,
        )
    return sorted(conflicts.values(), key=lambda conflict: (conflict.required, conflict.requirement))


def _parse(text: str) -> Requirement | None:
    # 40 ms to import, and a fresh environment whose solver saw everything never gets here.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    try:
        return Requirement(text)
    except InvalidRequirement:
        return None
