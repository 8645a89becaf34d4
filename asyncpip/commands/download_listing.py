"""What was downloaded, or would be, as text for programs: a report in JSON, and manifests of hashes. Values only."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.hashes import STRONG_ALGORITHMS
from asyncpip.core.urls import split_credentials, without_fragment
from asyncpip.core.values import Value
from asyncpip.version import EMULATED_PIP_VERSION, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from asyncpip.core.resolution import Resolved
    from asyncpip.fetch.archives import StoredArchive

_TELLING_MARKERS = ("python_version", "implementation_name", "sys_platform", "platform_machine")
"""What tells one target from another, as far as it differs."""


class ListedTarget(Value):
    """One target of the run."""

    label: str
    markers: Mapping[str, str]


class ListedFile(Value):
    """One file, and the targets that want it, by number."""

    candidate: Candidate
    filename: str
    requested: bool
    targets: tuple[int, ...]
    size_bytes: int | None
    hashes: Mapping[str, str]
    """SHA-256 first where it is known."""


def list_files(decisions: Sequence[Sequence[Resolved]], archives: Mapping[str, StoredArchive]) -> list[ListedFile]:
    """Return each file of the ``decisions`` for all targets once, sorted by file name.

    What is known of ``archives`` (by URL) counts more than what an index says of them.
    """
    wanted: dict[str, tuple[Candidate, bool, list[int]]] = {}
    for number, of_target in enumerate(decisions):
        for decision in of_target:
            if isinstance(decision.choice, Candidate):
                url = decision.choice.file.url
                entry = wanted.setdefault(url, (decision.choice, decision.requested, []))
                entry[2].append(number)
    files = []
    for url, (candidate, requested, targets) in wanted.items():
        stored = archives.get(url)
        hashes = {key: value for key, value in candidate.file.hashes.items() if key != "sha256"}
        digest = stored.digest if stored is not None else candidate.file.hashes.get("sha256")
        files.append(
            ListedFile(
                candidate=candidate,
                filename=(stored.made_of_source if stored else None) or candidate.file.filename,
                requested=requested,
                targets=tuple(targets),
                size_bytes=stored.size_bytes if stored is not None else candidate.file.size,
                hashes={"sha256": digest, **hashes} if digest else hashes,
            )
        )
    return sorted(files, key=lambda each: each.filename)


def report(files: Sequence[ListedFile], targets: Sequence[ListedTarget], *, directory: str | None) -> dict[str, object]:
    """Return the report: every file with URL, size and hashes. ``directory`` None where nothing was fetched."""
    sizes = [each.size_bytes for each in files if each.size_bytes is not None]
    return {
        "version": "1",
        "pip_version": EMULATED_PIP_VERSION,
        "installer": {"name": "asyncpip", "version": VERSION},
        "directory": directory,
        "targets": [{"label": each.label, "environment": dict(each.markers)} for each in targets],
        "download": [_entry(each) for each in files],
        "total_size": sum(sizes) if len(sizes) == len(files) else None,
    }


def requirements_text(files: Iterable[ListedFile], targets: Sequence[ListedTarget]) -> str:
    """Return a requirements file that pins all files by version and hash; raise `KeyError` for one without hash.

    What only some targets want has a marker, as far as markers can tell targets apart.
    """
    pins: dict[tuple[str, str], tuple[set[int], list[str]]] = {}
    for each in files:
        pin = pins.setdefault((each.candidate.name, str(each.candidate.version)), (set(), []))
        pin[0].update(each.targets)
        pin[1].append(_hash_option(each))
    lines = []
    for (name, version), (wanting, hashes) in sorted(pins.items()):
        marker = _marker_of(wanting, targets)
        head = f"{name}=={version}" + (f" ; {marker}" if marker else "")
        lines.append(" \\\n    ".join([head, *sorted(hashes)]))
    return "".join(f"{line}\n" for line in lines)


def checksums_text(paths: Mapping[str, ListedFile]) -> str:
    """Return what `sha256sum -c` reads, for files by their path; raise `KeyError` for one without SHA-256."""
    return "".join(f"{paths[path].hashes['sha256']}  {path}\n" for path in sorted(paths))


def _entry(each: ListedFile) -> dict[str, object]:
    candidate = each.candidate
    return {
        "name": candidate.name,
        "version": str(candidate.version),
        "filename": each.filename,
        "url": split_credentials(without_fragment(candidate.file.url))[0],
        "size": each.size_bytes,
        "hashes": dict(each.hashes),
        "requires_python": candidate.file.requires_python,
        "is_direct": candidate.direct_url is not None,
        "is_yanked": candidate.file.is_yanked,
        "requested": each.requested,
        "targets": list(each.targets),
    }


def _hash_option(each: ListedFile) -> str:
    algorithm = next((name for name in STRONG_ALGORITHMS if name in each.hashes), None)
    if algorithm is None:
        raise KeyError(each.filename)
    return f"--hash={algorithm}:{each.hashes[algorithm]}"


def _marker_of(wanting: AbstractSet[int], targets: Sequence[ListedTarget]) -> str:
    """Return the shortest marker that holds for the targets in ``wanting`` and no other; empty where none does."""
    for count in range(len(_TELLING_MARKERS) + 1):
        for keys in combinations(_TELLING_MARKERS, count):
            values = [tuple(each.markers.get(key, "") for key in keys) for each in targets]
            inside = dict.fromkeys(value for number, value in enumerate(values) if number in wanting)
            if not any(value in inside for number, value in enumerate(values) if number not in wanting):
                return _any_of([_all_of(keys, value) for value in inside])
    return ""


def _all_of(keys: Sequence[str], values: Sequence[str]) -> str:
    return " and ".join(f'{key} == "{value}"' for key, value in zip(keys, values, strict=True))


def _any_of(conditions: Sequence[str]) -> str:
    if len(conditions) == 1:
        return conditions[0]
    return " or ".join(f"({each})" if " and " in each else each for each in conditions)
