"""What lower layers need of higher ones: the seams of the program.

Each Protocol has at least two implementors, the real one and one in memory for tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.target import SchemePaths


class MetadataSource(Protocol):
    """Answers the solver's questions. Runs in the solver's thread: `fetch_…` may block, `expect_…` never does."""

    def fetch_pages(self, name: NormalizedName) -> Sequence[ProjectPage]:
        """Return what all indexes and find-links places list for ``name``, in the order in which they were given.

        Empty where nobody knows the project. Raises `IndexAccessError`.
        """

    def fetch_metadata(self, candidate: Candidate) -> CoreMetadata:
        """Return the candidate's core metadata; raises `DownloadError`, `WheelFormatError`, `BuildError`."""

    def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        """Return the candidate behind a direct reference, which tells its name and version; raises as above."""

    def expect_direct(self, requirements: Sequence[UserRequirement]) -> None:
        """Say that what is behind these direct references will be asked for; several may be built side by side."""

    def expect_projects(self, names: Sequence[NormalizedName]) -> None:
        """Say that the pages of ``names`` will be asked for."""

    def arrived_projects(self) -> Sequence[NormalizedName]:
        """Return the projects that were expected and whose pages have come since this was last asked.

        What is done with that may make a run faster and must not change its outcome: it depends on the network.
        """

    def expect_metadata(self, candidates: Sequence[Candidate]) -> None:
        """Say that the metadata of ``candidates`` will probably be asked for, the likeliest first."""

    def while_waiting(self, look: Callable[[], None]) -> None:
        """Have ``look`` called now and then while this thread waits for an answer; it may ask what does not block."""

    def guess_archive(self, candidate: Candidate) -> None:
        """Say that ``candidate`` will probably be pinned; where much is to be fetched, that may begin."""

    def expect_archive(self, candidate: Candidate) -> None:
        """Say that ``candidate`` is pinned now; its archive may be fetched ahead of the end of the resolution."""

    def retract_archive(self, candidate: Candidate) -> None:
        """Say that ``candidate`` is no longer pinned; a fetch under way is given up."""


class RecordStore(Protocol):
    """Small records by key, as the store keeps them. A record that cannot be read is a miss."""

    def read_record(self, bucket: str, key: str) -> bytes | None:
        """Return the record or None. ``bucket`` is a versioned name like ``pages-v1``; ``key`` any text."""

    def write_record(self, bucket: str, key: str, *data: bytes | bytearray) -> None:
        """Keep ``data``, one part behind the other; a store that cannot be written to loses it silently."""


class BuildRequirements(Protocol):
    """Gets the requirements of a build into its environment: a resolution and an installation of their own."""

    async def install(self, requirements: Sequence[str], scheme: SchemePaths) -> Mapping[NormalizedName, Version]:
        """Resolve ``requirements`` (which parse), install all that they need by ``scheme``, and return what that was.

        Raises `ResolutionError`, `DownloadError` and the like, `BuildError` where building goes round in a circle.
        """
