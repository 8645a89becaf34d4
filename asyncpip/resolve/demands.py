"""What the user demands of each project: requirements that hold here, constraints, overrides, digests.

This is what the solver and the check of installed distributions start from. Values only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from asyncpip.core.dependency import Dependency, marker_of, specifier_of
from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import DirectKind, DirectReference, UserRequirement
from asyncpip.core.urls import filename_of, fragment_of, is_vcs_url, redact, split_credentials, without_fragment
from asyncpip.core.values import Value, field
from asyncpip.core.wheel_filename import parse_wheel_name, sdist_stem
from asyncpip.errors import HashMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.dependency import MarkerEvaluator

# Compiled when they are needed first, which is in few runs.
_RAW_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NAME_BEFORE_URL = rf"({_RAW_NAME})\s*(?:\[[^\]]*\])?\s*@"
ANY_VERSION = SpecifierSet()


class Constraint(Value):
    """All constraints on one project as one."""

    specifier: SpecifierSet = ANY_VERSION
    directs: tuple[UserRequirement, ...] = ()
    """Those that pin the source by URL."""
    members: tuple[UserRequirement, ...] = ()


NO_CONSTRAINT = Constraint()


class Demands(Value):
    """The user's requirements that hold in the target, and what restricts the rest."""

    requirements: tuple[UserRequirement, ...]
    """In the order given."""
    ignored: tuple[UserRequirement, ...]
    """Requirements whose markers do not hold."""
    constraints: dict[NormalizedName, Constraint] = field(default_factory=dict)
    overrides: dict[NormalizedName, tuple[UserRequirement, ...]] = field(default_factory=dict)
    hashes: dict[NormalizedName, AllowedHashes] = field(default_factory=dict)

    def constraint(self, name: NormalizedName) -> Constraint:
        """Return the constraint on ``name``."""
        return self.constraints.get(name, NO_CONSTRAINT)

    def hashes_of(self, name: NormalizedName) -> AllowedHashes:
        """Return what `--hash` allows for ``name``, requirements and constraints together."""
        return self.hashes.get(name, NO_HASHES)


def gather_demands(
    requirements: Iterable[UserRequirement],
    constraints: Iterable[UserRequirement],
    overrides: Iterable[UserRequirement],
    evaluator: MarkerEvaluator,
) -> Demands:
    """Return what holds in the target of ``evaluator``; raise `HashMismatchError` where `--hash` lists exclude all.

    An override takes the place of every requirement on its project, the user's too, but keeps the extras asked for.
    """
    holding: list[UserRequirement] = []
    ignored: list[UserRequirement] = []
    for requirement in requirements:
        (holding if _holds(requirement, evaluator) else ignored).append(requirement)
    limiting = [constraint for constraint in constraints if _holds(constraint, evaluator)]
    replacing: dict[NormalizedName, tuple[UserRequirement, ...]] = {}
    for override in overrides:
        if override.name is not None and _holds(override, evaluator):
            replacing[override.name] = (*replacing.get(override.name, ()), override)
    gathered: dict[NormalizedName, Constraint] = {}
    for constraint in limiting:
        if constraint.name is None:
            continue
        before = gathered.get(constraint.name, NO_CONSTRAINT)
        gathered[constraint.name] = Constraint(
            specifier=before.specifier & constraint.specifier,
            directs=(*before.directs, constraint) if constraint.direct else before.directs,
            members=(*before.members, constraint),
        )
    return Demands(
        requirements=tuple(holding),
        ignored=tuple(ignored),
        constraints=gathered,
        overrides=replacing,
        hashes=_gather_hashes([*holding, *limiting]),
    )


def _holds(requirement: UserRequirement, evaluator: MarkerEvaluator) -> bool:
    return requirement.marker is None or evaluator.evaluate(str(requirement.marker))


def _gather_hashes(demanding: Sequence[UserRequirement]) -> dict[NormalizedName, AllowedHashes]:
    gathered: dict[NormalizedName, AllowedHashes] = {}
    for each in demanding:
        if each.name is None or not each.hashes:
            continue
        common = gathered.get(each.name, NO_HASHES).intersect(each.hashes)
        if common is None:
            raise HashMismatchError(
                f"no archive of {each.name} can have all the hashes asked for",
                why=f"the hashes of `{each.text}`{f' ({each.origin})' if str(each.origin) else ''} have none in common "
                "with those given before",
            )
        gathered[each.name] = common
    return gathered


def raw_name(requirement: UserRequirement) -> str:
    """Return the project name as the user wrote it, for messages."""
    match = re.match(_RAW_NAME, requirement.text)
    if match and requirement.name and requirement.direct is None:
        return match[0]
    return requirement.name or requirement.text


def describe(requirement: UserRequirement) -> str:
    """Return the requirement as pip prints it, without its marker.

    ``Flask[async]<3,>=2``, ``flask @ https://…``, ``flask==2.0`` for a wheel by bare URL or path, the project's name
    for a source that `#egg=` names. A source that nobody names stays as written until its metadata is known.
    """
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    if requirement.direct is None:
        return f"{raw_name(requirement)}{extras}{requirement.specifier}"
    named = re.match(_NAME_BEFORE_URL, requirement.text)
    if named:
        return f"{named[1]}{extras} @ {redact(requirement.direct.url)}"
    wheel = parse_wheel_name(filename_of(without_fragment(requirement.direct.url)))
    if wheel is not None:
        return f"{normalize_name(wheel.project)}=={wheel.version}"
    return f"{requirement.name}{extras}" if requirement.name is not None else requirement.text


def direct_requirement(dependency: Dependency) -> UserRequirement:
    """Return a dependency by URL (``name @ url``) in the form in which direct references are fetched."""
    url = dependency.url or ""
    fragment = fragment_of(url)
    pairs = [(key, value) for key, value in fragment.items() if key in ("sha256", "sha384", "sha512")]
    filename = filename_of(without_fragment(url))
    if is_vcs_url(url):
        kind = DirectKind.VCS
    elif filename.endswith(".whl"):
        kind = DirectKind.WHEEL
    elif url.startswith("file:") and sdist_stem(filename) is None:
        kind = DirectKind.DIRECTORY
    else:
        kind = DirectKind.SDIST
    return UserRequirement(
        text=redact(str(dependency)),
        name=dependency.name,
        extras=frozenset(dependency.extras),
        specifier=specifier_of(""),
        marker=marker_of(dependency.marker_text) if dependency.marker_text else None,
        direct=DirectReference(
            url=url, kind=kind, hashes=AllowedHashes.of(pairs), subdirectory=fragment.get("subdirectory")
        ),
    )


def requirement_of(dependency: Dependency) -> UserRequirement:
    """Return a dependency as if the user had asked for it: what a build requires is the user's wish within it."""
    if dependency.url is not None:
        return direct_requirement(dependency)
    return UserRequirement(
        text=str(dependency),
        name=dependency.name,
        extras=frozenset(dependency.extras),
        specifier=specifier_of(dependency.specifier_text),
        marker=marker_of(dependency.marker_text) if dependency.marker_text else None,
    )


def same_source(one: DirectReference, other: DirectReference) -> bool:
    """Return whether both lead to the same thing; credentials and digests aside."""

    def plain(reference: DirectReference) -> tuple[str, str | None]:
        url = without_fragment(reference.url)
        return (url if is_vcs_url(url) else split_credentials(url)[0]), reference.subdirectory

    return plain(one) == plain(other)
