"""The targets of one `download`: one, as in pip, or every combination of what the target options name.

pip lets `--platform` and `--abi` be repeated, and takes them together as what one target accepts; of several
`--python-version` or `--implementation` it takes the last. So a run has several targets when one of these two is
repeated, or with `--matrix`; then each value of each option is a target's, and commas join what one target accepts.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from asyncpip.commands.install_options import TargetChoice, implementation_tag, parse_python_version
from asyncpip.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNVERSIONED_ABIS = ("none", "abi3")


def target_choices(
    *,
    platforms: Sequence[str],
    python_versions: Sequence[str],
    implementations: Sequence[str],
    abis: Sequence[str],
    matrix: bool,
) -> tuple[TargetChoice, ...]:
    """Return the targets that the options describe, at least one; raise `CommandError` where an ABI suits none."""
    versions = list(dict.fromkeys(map(parse_python_version, filter(None, python_versions))))
    kinds = list(dict.fromkeys(map(implementation_tag, implementations)))
    if not (matrix or len(versions) > 1 or len(kinds) > 1):
        return (
            TargetChoice(
                platforms=_parts(platforms),
                python_version=versions[-1] if versions else None,
                implementation=kinds[-1] if kinds else None,
                abis=_parts(abis),
            ),
        )
    choices: dict[TargetChoice, None] = {}
    each_version: list[tuple[int, ...] | None] = [*versions] or [None]
    each_kind: list[str | None] = [*kinds] or [None]
    for version in each_version:
        fitting = [only for value in abis if (only := _abis_of(version, _parts([value])))]
        if abis and not fitting:
            raise CommandError(
                f"none of the ABIs that --abi names is one of Python {'.'.join(map(str, version or ()))}",
                why=f"given were {', '.join(abis)}",
                hint="name an ABI for each --python-version, or leave --abi out",
            )
        groups = [_parts([value]) for value in dict.fromkeys(platforms)] or [()]
        for platform, kind, abi in product(groups, each_kind, fitting or [()]):
            choices[TargetChoice(platforms=platform, python_version=version, implementation=kind, abis=abi)] = None
    return tuple(choices)


def label_of(choice: TargetChoice) -> str:
    """Return what to call a target among several: ``Python 3.10, win_amd64``."""
    parts = []
    if choice.python_version:
        parts.append("Python " + ".".join(map(str, choice.python_version)))
    if choice.implementation:
        parts.append(choice.implementation)
    if choice.platforms:
        parts.append(" or ".join(choice.platforms))
    if choice.abis:
        parts.append("ABI " + " or ".join(choice.abis))
    return ", ".join(parts) or "the running interpreter"


def _parts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))


def _abis_of(version: tuple[int, ...] | None, abis: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of ``abis`` that an interpreter of ``version`` may have: `cp310` is not one of Python 3.11."""
    if version is None or len(version) == 1:
        return abis
    wanted = f"{version[0]}{version[1]}"
    return tuple(abi for abi in abis if _version_of(abi) in ("", wanted))


def _version_of(abi: str) -> str:
    """Return the version digits of a CPython ABI tag: ``310`` of ``cp310t``; empty where it is of no one version."""
    if abi in _UNVERSIONED_ABIS or not abi.startswith("cp"):
        return ""
    digits = abi[2:].rstrip("abcdefghijklmnopqrstuvwxyz")
    return digits if digits.isdigit() else ""
