"""Is a wheel what its index said it was? What a resolution rests on, against METADATA of the wheel that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from asyncpip.core.names import normalize_name
from asyncpip.core.unpacking import metadata_digest
from asyncpip.core.urls import redact
from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.pipeline.bridge import parse_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.page import PageFile
    from asyncpip.pipeline.stored import OnDisk

    Stored = TypeVar("Stored")

_MOST_SHOWN = 5


class Said:
    """What indexes, or the store's records, said of wheels that are not here yet; by address."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[CoreMetadata, str | None]] = {}

    def before(self, file: PageFile, metadata: CoreMetadata) -> None:
        """Note what an earlier run heard."""
        self._said[file.url] = metadata, None

    def now(self, file: PageFile, metadata: CoreMetadata, text: bytes) -> None:
        """Note what was parsed of ``text``, whose digest has been compared where the page gives one."""
        given = file.core_metadata.get("sha256") if isinstance(file.core_metadata, dict) else None
        self._said[file.url] = metadata, given.lower() if given else metadata_digest(text)

    def has(self, file: PageFile) -> bool:
        """Return whether the wheel will be compared with something, unless it is known to hold the same text."""
        return file.url in self._said

    def to_compare(self, file: PageFile, stored: OnDisk) -> CoreMetadata | None:
        """Return what to compare the wheel with; once, and None where both are old or were the same file."""
        said, digest = self._said.pop(file.url, (None, None))
        if digest is None:
            return None if stored.from_store else said
        return None if digest == stored.metadata_sha256 else said


def check_agreement(
    file: PageFile, said: CoreMetadata, read_metadata: Callable[[Stored], bytes], stored: Stored
) -> None:
    """Raise `WheelFormatError` where the stored wheel of ``file`` disagrees with what was ``said`` of it. Blocks."""
    try:
        own = parse_metadata(read_metadata(stored), file.filename)
    except (StoreError, WheelFormatError):
        return  # a damaged tree, or a broken wheel that is only handed on: whoever uses it notices
    differences = [] if own.requires_dist == said.requires_dist else _differing(said.requires_dist, own.requires_dist)
    if normalize_name(own.name) != normalize_name(said.name) or own.version != said.version:
        differences.append(f"it is {own.name} {own.version}, not {said.name} {said.version}")
    if (own.requires_python or "") != (said.requires_python or ""):
        differences.append(
            f"its Requires-Python is {own.requires_python or 'empty'}, not {said.requires_python or 'empty'}"
        )
    if differences:
        raise WheelFormatError(
            f"{file.filename} is not what its index says it is",
            why=f"METADATA in the wheel from {redact(file.url)} differs from what the index gave in advance: "
            + "; ".join(differences),
            hint="tell whoever runs the index; another `--index-url`, or another version, may do until then",
        )


def _differing(said: Iterable[str], own: Iterable[str]) -> list[str]:
    """Return what only one of both requires, in words; spelling does not count."""
    said_here, own_here = {_spelled(each) for each in said}, {_spelled(each) for each in own}
    found = [f"it requires {text}" for text in sorted(own_here - said_here)]
    found += [f"it does not require {text}" for text in sorted(said_here - own_here)]
    return [*found[:_MOST_SHOWN], f"and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else found


def _spelled(text: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - 8 ms, for bad news only

    try:
        return str(Requirement(text))
    except InvalidRequirement:
        return text
