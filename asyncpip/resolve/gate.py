"""Between the solver and its source: what may be fetched once a search has failed is little."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.ports import MetadataSource
    from asyncpip.core.requirement import UserRequirement


class OutOfBudgetError(Exception):
    """More would have to be looked at than an explanation is worth."""


class Gate:
    """A `MetadataSource` that can be told to fetch little more."""

    def __init__(self, source: MetadataSource) -> None:
        self._source = source
        self.budget: int | None = None
        """How many pages and metadata files may still be fetched; None for no limit."""

    def fetch_pages(self, name: NormalizedName) -> Sequence[ProjectPage]:
        """See `MetadataSource`."""
        self._spend()
        return self._source.fetch_pages(name)

    def fetch_metadata(self, candidate: Candidate) -> CoreMetadata:
        """See `MetadataSource`; what may have to be built is out of every budget."""
        if self.budget is not None and not candidate.file.is_wheel:
            raise OutOfBudgetError
        self._spend()
        return self._source.fetch_metadata(candidate)

    def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        """See `MetadataSource`."""
        if self.budget is not None:
            raise OutOfBudgetError
        return self._source.fetch_direct(requirement)

    def expect_direct(self, requirements: Sequence[UserRequirement]) -> None:
        """See `MetadataSource`."""
        if self.budget is None:
            self._source.expect_direct(requirements)

    def expect_projects(self, names: Sequence[NormalizedName]) -> None:
        """See `MetadataSource`."""
        if self.budget is None or self.budget > 0:
            self._source.expect_projects(names)

    def arrived_projects(self) -> Sequence[NormalizedName]:
        """See `MetadataSource`."""
        return self._source.arrived_projects() if self.budget is None else ()

    def expect_metadata(self, candidates: Sequence[Candidate]) -> None:
        """See `MetadataSource`."""
        self._source.expect_metadata(candidates[: self.budget])

    def while_waiting(self, look: Callable[[], None]) -> None:
        """See `MetadataSource`."""
        self._source.while_waiting(look)

    def guess_archive(self, candidate: Candidate) -> None:
        """See `MetadataSource`."""
        if self.budget is None:
            self._source.guess_archive(candidate)

    def expect_archive(self, candidate: Candidate) -> None:
        """See `MetadataSource`."""
        self._source.expect_archive(candidate)

    def retract_archive(self, candidate: Candidate) -> None:
        """See `MetadataSource`."""
        self._source.retract_archive(candidate)

    def _spend(self) -> None:
        if self.budget is not None:
            self.budget -= 1
            if self.budget < 0:
                raise OutOfBudgetError
