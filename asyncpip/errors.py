"""The one error hierarchy. An error has three parts for its reader and an exit code for the shell.

*What* happened, *why* as far as known, *hint*: what to do where something can be done. Foreign exceptions are
translated into these where they enter and nowhere else; only `cli/main.py` turns one into text. Exit codes are pip's.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_VIRTUALENV_REQUIRED = 3
EXIT_NOTHING_FOUND = 23
EXIT_BROKEN_STDOUT = 120


class AsyncpipError(Exception):
    """Root of all errors that a user can cause or meet.

    `what` is one sentence without a full stop; `why` and `hint` may hold several lines. Texts never contain secrets:
    whoever builds one passes URLs through `core.urls.redact`.
    """

    exit_code = EXIT_ERROR

    def __init__(self, what: str, *, why: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint


class UsageError(AsyncpipError):
    """The command line does not parse: unknown or ambiguous option, malformed value (exit 2)."""

    exit_code = EXIT_USAGE


class CommandError(AsyncpipError):
    """The command line parses, but its options or arguments do not go together (exit 1)."""


class MissingArgumentsError(CommandError):
    """The command line names nothing to work on; it is answered with the usage of ``command`` (exit 1)."""

    def __init__(self, what: str, command: str) -> None:
        super().__init__(what)
        self.command = command


class ConfigurationError(AsyncpipError):
    """A configuration file cannot be read (exit 2), or a value from file or environment has a wrong type (exit 3)."""

    exit_code = EXIT_USAGE

    def __init__(
        self, what: str, *, why: str | None = None, hint: str | None = None, exit_code: int = EXIT_USAGE
    ) -> None:
        super().__init__(what, why=why, hint=hint)
        self.exit_code = exit_code


class VirtualenvRequiredError(AsyncpipError):
    """`--require-virtualenv` is set and the target is none (exit 3)."""

    exit_code = EXIT_VIRTUALENV_REQUIRED


class RequirementError(AsyncpipError):
    """A requirement, requirements file, group, script block or lock file is malformed or missing."""


class IndexAccessError(AsyncpipError):
    """An index, find-links page or single file could not be reached or did not answer usefully."""


class ResolutionError(AsyncpipError):
    """The requirements have no solution; see the two subclasses."""

    facts: Mapping[str, object] | None = None
    """The same for machines (`--explain`); None where there is no more to say than what, why and hint."""


class NoMatchingDistributionError(ResolutionError):
    """No candidate at all fits one requirement."""


class ResolutionImpossibleError(ResolutionError):
    """Each requirement has candidates, but they exclude one another."""


class DownloadError(AsyncpipError):
    """An archive could not be fetched whole."""


class HashMismatchError(DownloadError):
    """An archive's digest is not among those allowed, or a required digest is missing."""


class WheelFormatError(AsyncpipError):
    """A wheel is not one that we accept (binary distribution format specification), or its zip is damaged."""


class BuildError(AsyncpipError):
    """A source distribution or tree could not be built, or may not be."""


class TargetEnvironmentError(AsyncpipError):
    """The target interpreter or environment cannot be used."""


class ExternallyManagedError(TargetEnvironmentError):
    """The target belongs to another installer (PEP 668)."""


class EnvironmentBusyError(TargetEnvironmentError):
    """Another process is changing the target, and did not end within the time allowed."""


class InstallError(AsyncpipError):
    """Files could not be put into, or removed from, the target; it was restored."""


class StoreError(AsyncpipError):
    """The store on disk cannot be used."""
