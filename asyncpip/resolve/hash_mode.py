"""Hash-checking mode: every archive that will be installed has a digest that the user gave (cli-surface 4.6, pip's).

Here is checked that there is one to compare with; `fetch` compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.requirement import DirectKind
from asyncpip.core.urls import split_credentials, without_fragment
from asyncpip.errors import HashMismatchError
from asyncpip.resolve.demands import describe

if TYPE_CHECKING:
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.resolution import Resolution
    from asyncpip.resolve.demands import Demands

_HINT = (
    "hash-checking mode is on because of --require-hashes, or because some requirement has a --hash or comes from a "
    "lock file; --no-require-hashes switches it off"
)


def check_sources_have_hashes(demands: Demands) -> None:
    """Raise `HashMismatchError` where a requirement leads to something that has no digest."""
    trees = [each for each in demands.requirements if each.direct and each.direct.kind is DirectKind.VCS]
    directories = [each for each in demands.requirements if each.direct and each.direct.kind is DirectKind.DIRECTORY]
    if trees:
        raise _unverifiable("we don't have a way to hash version control repositories", trees)
    if directories or any(each.editable for each in demands.requirements):
        raise _unverifiable(
            "they point to directories", directories or [each for each in demands.requirements if each.editable]
        )


def _unverifiable(because: str, requirements: list[UserRequirement]) -> HashMismatchError:
    return HashMismatchError(
        f"Can't verify hashes for these requirements because {because}: "
        + ", ".join(describe(each) for each in requirements),
        hint=_HINT,
    )


def check_decisions_have_hashes(resolution: Resolution, demands: Demands) -> None:
    """Raise `HashMismatchError` where something to install has no digest to compare with, naming the lines to add."""
    pinned = {each.name for each in demands.requirements if each.is_pinned}
    pinned.update(name for name, each in demands.constraints.items() if any(one.is_pinned for one in each.members))
    missing: list[str] = []
    unpinned: list[str] = []
    for decision in resolution.decisions:
        choice = decision.choice
        if not isinstance(choice, Candidate) or _has_hash(choice, demands):
            continue  # what is installed already is trusted
        if decision.name not in pinned and choice.direct_url is None:
            wanted_by = f" (from {decision.wanted_by})" if decision.wanted_by else ""
            unpinned.append(f"    {decision.requirement_text}{wanted_by}")
        else:
            digest = choice.file.hashes.get("sha256", "<the archive's SHA-256>")
            missing.append(f"    {decision.name}=={choice.version} --hash=sha256:{digest}")
    if missing:
        raise HashMismatchError(
            "Hashes are required in --require-hashes mode, but they are missing from some requirements.",
            why="these lines, added to the requirements, would accept what the index offers now:\n"
            + "\n".join(missing),
            hint=_HINT,
        )
    if unpinned:
        raise HashMismatchError(
            "In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:",
            why="\n".join(unpinned),
            hint=_HINT,
        )


def _has_hash(choice: Candidate, demands: Demands) -> bool:
    """Return whether the user gave a digest for ``choice``; one in a direct reference's URL counts."""
    if demands.hashes_of(choice.name):
        return True
    if choice.direct_url is None:
        return False
    members = [*demands.requirements, *demands.constraint(choice.name).directs]
    return any(
        each.direct is not None
        and bool(each.hashes or each.direct.hashes)
        and (each.name == choice.name or split_credentials(without_fragment(each.direct.url))[0] == choice.file.url)
        for each in members
    )
