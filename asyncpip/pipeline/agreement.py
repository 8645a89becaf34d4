"""Is a wheel what its index said it was? What a resolution rests on, against METADATA of the wheel that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from packaging.requirements import InvalidRequirement, Requirement

from asyncpip.core.names import normalize_name
from asyncpip.core.urls import redact
from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.pipeline.bridge import parse_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.page import PageFile

    Stored = TypeVar("Stored")

_MOST_SHOWN = 5


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
    try:
        return str(Requirement(text))
    except InvalidRequirement:
        return text
