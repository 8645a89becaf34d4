"""From a search that failed to the error that says why. Loaded only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.resolve.explain import explain_failure
from asyncpip.resolve.narrowing import Narrowing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.errors import ResolutionError
    from asyncpip.resolve.gate import Gate
    from asyncpip.resolve.nogoods import Conflict
    from asyncpip.resolve.provider import Provider
    from asyncpip.resolve.resolver import ResolveRequest
    from asyncpip.resolve.wants import Wanted


def explained(
    conflict: Conflict, roots: Sequence[Wanted], provider: Provider, gate: Gate, request: ResolveRequest
) -> ResolutionError:
    """Return the error for a search that failed."""
    narrowing = Narrowing(roots, provider, gate)
    if not request.no_deps:
        conflict = narrowing.core(conflict)
    return explain_failure(
        conflict,
        provider.demands,
        provider.pins,
        request.selection,
        depths=provider.depths,
        relaxations=() if request.no_deps else narrowing.relaxations(conflict),
    )
