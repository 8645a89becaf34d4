"""Without dependencies, nobody needs to know what wheels depend on: their metadata is not asked for before they come.

That is a third of the requests of a pinned list. What pip would have found in the metadata is looked at in the wheel;
where that contradicts the page, the question is asked again with all metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.values import replace
from asyncpip.errors import WheelFormatError
from asyncpip.pipeline.fetch_plan import run_pipeline

if TYPE_CHECKING:
    from asyncpip.core.events import Reporter
    from asyncpip.core.resolution import Resolved
    from asyncpip.pipeline.fetch_plan import FetchedPlan, PipelineRequest
    from asyncpip.resolve.selection import Selection
    from asyncpip.store.store import Store


def resolve_and_fetch(request: PipelineRequest, store: Store, reporter: Reporter, *, fetches_all: bool) -> FetchedPlan:
    """Return what `run_pipeline` does; ``fetches_all`` says that every archive that is chosen will come."""
    has_trees = store.has_trees()  # those that this run adds have come without their metadata, which is not read then

    def doubts(candidate: Candidate) -> bool:
        """Return whether metadata is to be looked at: it costs no request, or does not come with the archive."""
        file = candidate.file
        is_here = has_trees and store.has_tree(file.hashes.get("sha256", ""))
        return not file.is_wheel or file.url.startswith("file:") or is_here

    if request.resolve.no_deps and fetches_all:
        trusting = replace(request, resolve=replace(request.resolve, needs_metadata=doubts))
        try:
            fetched = run_pipeline(trusting, store, reporter)
        except WheelFormatError:  # by its metadata the wheel might have been passed over
            pass
        else:
            if all(_is_as_told(each, fetched, request.resolve.selection) for each in fetched.resolution.decisions):
                return fetched
    return run_pipeline(request, store, reporter)


def _is_as_told(decision: Resolved, fetched: FetchedPlan, selection: Selection) -> bool:
    """Return whether a wheel's own Requires-Python allows what the page let pass."""
    wheel = fetched.wheels.get(decision.name)
    if wheel is None or not wheel.requires_python or not isinstance(decision.choice, Candidate):
        return True
    return wheel.requires_python == decision.choice.file.requires_python or selection.allows_python(
        wheel.requires_python
    )
