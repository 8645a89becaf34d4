"""Where a run's builder is: loaded when something has to be built."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.core.candidates import Candidate
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.builder import Builder


class BuildDoor:
    """Loads what builds when something has to be built, and not before."""

    def __init__(self, options: BuildOptions, make: Callable[[BuildDoor], Builder]) -> None:
        self.options = options
        self._make = make
        self._builder: Builder | None = None

    def known_metadata(self, candidate: Candidate) -> bytes | None:
        """Return METADATA of a source as far as this run has found it out."""
        return None if self._builder is None else self._builder.known_metadata(candidate)

    def builder(self) -> Builder:
        """Return the run's builder."""
        if self._builder is None:
            self._builder = self._make(self)
        return self._builder

    def built_names(self) -> tuple[str, ...]:
        """Return the projects whose wheels were built so far, sorted."""
        return () if self._builder is None else tuple(sorted(self._builder.built))

    @property
    def seconds(self) -> float:
        """How long something was being built."""
        return 0.0 if self._builder is None else self._builder.seconds

    def close(self) -> None:
        """End workers."""
        if self._builder is not None:
            self._builder.close()
