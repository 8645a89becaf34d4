"""Does this run in continuous integration? pip's rule; imports nothing, for the warm path asks too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CI_VARIABLES = ("BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI")
"""Azure Pipelines, Jenkins, most others, and pip's own."""


def looks_like_ci(environ: Mapping[str, str]) -> bool:
    """Return whether this runs in continuous integration, by variables that are set to whatever value."""
    return any(name in environ for name in CI_VARIABLES)
