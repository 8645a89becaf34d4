"""Collects what arguments and the lines of files say, and reads the files (`requirement_files` follows their lines)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.small_digests import sha256_of
from asyncpip.core.urls import is_remote, redact, url_to_path
from asyncpip.core.values import Value
from asyncpip.errors import RequirementError
from asyncpip.resolve.plain_requirement import parse_plain_requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncpip.commands.requirement_files import OptionValues
    from asyncpip.core.requirement import Origin, UserRequirement
    from asyncpip.resolve.requirement_text import PathKind


class FileOptions(Value):
    """What option lines of requirements and constraints files set for the whole run."""

    index_url: str | None = None
    """Takes the place of the index and of all extra indexes given before; None where no file names one."""
    extra_index_urls: tuple[str, ...] = ()
    """Those behind ``index_url`` where that is set."""
    no_index: bool = False
    find_links: tuple[str, ...] = ()
    """A path that exists beside the file is absolute; any other as written."""
    format_control: tuple[tuple[str, str], ...] = ()
    """``no_binary`` or ``only_binary`` with the value, in order; to stand behind the settings' own."""
    release_control: tuple[tuple[str, str], ...] = ()
    """``all_releases`` or ``only_final`` with the value, in order; likewise."""
    pre: bool = False
    prefer_binary: bool = False
    require_hashes: bool = False
    no_require_hashes: bool = False
    trusted_hosts: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    def merged_index_urls(self, index_urls: Sequence[str], *, no_index: bool = False) -> tuple[str, ...]:
        """Return which indexes count, in order: ``index_urls`` are those of the settings, extra ones behind."""
        if no_index or self.no_index:
            return ()
        first = tuple(index_urls) if self.index_url is None else (self.index_url,)
        return first + self.extra_index_urls


_MOST_BYTES = 64 << 20
"""Of one file; a device has no end."""


class SourceFiles:
    """Reads files and URLs, and remembers which."""

    def __init__(
        self, cwd: str, fetch_text: Callable[[str], bytes], tell_warning: Callable[[str], None] = lambda _: None
    ) -> None:
        self.cwd = cwd
        self.warnings: list[str] = []
        self.name_variables = False
        """Whether a requirements file names environment variables."""
        self.read_so_far: dict[str, str | None] = {}
        self._fetch_text = fetch_text
        self._tell_warning = tell_warning

    def warn(self, text: str) -> None:
        """Keep a warning, and tell it at once: it may be the reason of an error that follows."""
        self.warnings.append(text)
        self._tell_warning(text)

    def read(self, location: str, failure: str) -> bytes:
        """Return the content; ``failure`` is how an error begins: ``Could not open requirements file``."""
        path = location
        if is_remote(location):
            if not location.lower().startswith("file:"):
                data = self._fetch_text(location)
                self.read_so_far[redact(location)] = None
                return data
            try:
                path = url_to_path("file:" + location[5:])
            except ValueError as error:
                raise RequirementError(f"{failure}: {error}") from error
        path = os.path.join(self.cwd, path)
        try:
            with open(path, "rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise RequirementError(
                f"{failure}: [Errno {error.errno}] {error.strerror}: {redact(location)!r}"
            ) from error
        except ValueError as error:  # a NUL in it
            raise RequirementError(f"{failure}: {error}: {redact(location)!r}") from error
        if len(data) > _MOST_BYTES:
            raise RequirementError(f"{failure}: {redact(location)!r} holds more than {_MOST_BYTES >> 20} MiB")
        self.read_so_far[os.path.normpath(path)] = sha256_of(data).hexdigest()
        return data

    def read_text(self, location: str, failure: str) -> str:
        """Return the content of a file that must be UTF-8."""
        try:
            return self.read(location, failure).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RequirementError(f"{failure}: {redact(location)!r} is not UTF-8", why=str(error)) from error


class RequirementReader:
    """Collects what arguments, files and nested files say. Not for lock files, groups and scripts as such."""

    def __init__(self, files: SourceFiles, environ: Mapping[str, str]) -> None:
        self.files = files
        self.requirements: list[UserRequirement] = []
        self.constraints: list[UserRequirement] = []
        self.environ = environ
        self._option_values: OptionValues | None = None

    def add(
        self,
        text: str,
        origin: Origin,
        *,
        editable: bool = False,
        hashes: tuple[tuple[str, str], ...] = (),
        config_settings: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Parse ``text`` and keep it."""
        allowed = AllowedHashes.of(hashes)
        requirement = None if editable else parse_plain_requirement(text, origin, allowed, config_settings)
        if requirement is None:
            from asyncpip.resolve.requirement_text import parse_requirement_text  # noqa: PLC0415 - loads `packaging`

            requirement = parse_requirement_text(
                text,
                origin=origin,
                cwd=self.files.cwd,
                exists=path_kind,
                editable=editable,
                constraint=origin.is_constraint,
                hashes=allowed,
                config_settings=config_settings,
                warn=self.files.warn,
            )
        (self.constraints if origin.is_constraint else self.requirements).append(requirement)

    def follow(self, location: str, *, constraint: bool) -> None:
        """Take everything from a file and the files that it names."""
        from asyncpip.commands.requirement_files import OptionValues, follow  # noqa: PLC0415 - loads their grammar

        if self._option_values is None:
            self._option_values = OptionValues(self.files.cwd)
        follow(self, self._option_values, location, constraint=constraint)

    def options(self) -> FileOptions:
        """Return what option lines have set so far."""
        return FileOptions() if self._option_values is None else self._option_values.options()


def path_kind(path: str) -> PathKind:
    """Return what stands at an absolute path."""
    from asyncpip.resolve.requirement_text import PathKind  # noqa: PLC0415 - as above

    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
    except (OSError, ValueError):
        return PathKind.MISSING
    if kind == stat.S_IFREG:
        return PathKind.FILE
    if kind != stat.S_IFDIR:
        return PathKind.MISSING
    is_project = any(os.path.isfile(os.path.join(path, name)) for name in ("pyproject.toml", "setup.py"))
    return PathKind.PROJECT if is_project else PathKind.DIRECTORY
