"""Reads requirements and constraints files with the files they name, and collects what their lines say."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NoReturn, assert_never

from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.requirement import Origin
from asyncpip.core.urls import redact, url_to_path
from asyncpip.core.values import Value
from asyncpip.errors import RequirementError
from asyncpip.resolve.requirement_options import FileOption
from asyncpip.resolve.requirement_text import PathKind, parse_requirement_text, place_of
from asyncpip.resolve.requirements_file import (
    NestedFile,
    OptionLine,
    RequirementLine,
    StrayHash,
    decode_requirements,
    is_remote,
    join_location,
    parse_requirements_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncpip.core.requirement import UserRequirement


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
_DEEPEST = 200
"""Files that name one another; Python's stack ends at three times that."""
_MOST_NESTED = 2_000
"""Names of files, in all: two in each of fifty files, and there would be no end to it."""


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
        import hashlib  # noqa: PLC0415 - loads OpenSSL, 7 ms

        self.read_so_far[os.path.normpath(path)] = hashlib.sha256(data, usedforsecurity=False).hexdigest()
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
        self._environ = environ
        self._nested = 0
        self._values: dict[FileOption, list[str]] = {}
        self._format_control: list[tuple[str, str]] = []
        self._release_control: list[tuple[str, str]] = []

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
        requirement = parse_requirement_text(
            text,
            origin=origin,
            cwd=self.files.cwd,
            exists=path_kind,
            editable=editable,
            constraint=origin.is_constraint,
            hashes=AllowedHashes.of(hashes),
            config_settings=config_settings,
            warn=self.files.warn,
        )
        (self.constraints if origin.is_constraint else self.requirements).append(requirement)

    def follow(self, location: str, *, constraint: bool) -> None:
        """Take everything from a file and the files that it names."""
        start = location if is_remote(location) else os.path.normpath(os.path.join(self.files.cwd, location))
        self._follow(location, constraint=constraint, including={start: None})

    def _read(self, location: str, *, constraint: bool, named_by: Origin | None) -> bytes:
        """Return a file's content; ``named_by`` is the line that names it."""
        kind = "constraint" if constraint else "requirements"
        try:
            return self.files.read(location, f"Could not open {kind} file")
        except RequirementError as error:
            if named_by is not None:
                error.why = f"it is named in {place_of(named_by)}"
            raise

    def _follow(
        self, location: str, *, constraint: bool, including: dict[str, str | None], named_by: Origin | None = None
    ) -> None:
        data = self._read(location, constraint=constraint, named_by=named_by)
        text, warnings = decode_requirements(data, _locale_encoding(data), filename=location)
        for warning in warnings:
            self.files.warn(warning)
        self.files.name_variables |= "${" in text
        for item in parse_requirements_text(text, filename=location, variables=self._environ):
            match item:
                case RequirementLine():
                    origin = Origin(file=item.file, line=item.line, is_constraint=constraint)
                    self.add(
                        item.text,
                        origin,
                        editable=item.editable,
                        hashes=item.hashes,
                        config_settings=item.config_settings,
                    )
                case NestedFile():
                    nested = join_location(location, item.location, cwd=self.files.cwd)
                    if nested in including:
                        _raise_cycle(nested, location, including[nested])
                    self._nested += 1
                    if len(including) > _DEEPEST or self._nested > _MOST_NESTED:
                        raise RequirementError(
                            f"{location} line {item.line} names one file too many",
                            why=f"files may name files {_DEEPEST} deep, and {_MOST_NESTED} times in all",
                        )
                    named_by = Origin(file=item.file, line=item.line)
                    more = {**including, nested: location}
                    self._follow(nested, constraint=item.constraint, including=more, named_by=named_by)
                case OptionLine():
                    self._set(item, location)
                case StrayHash():
                    self.files.warn(f"{item.file} line {item.line} has --hash but no requirement, and will be ignored.")
                case _:
                    assert_never(item)

    def _set(self, item: OptionLine, location: str) -> None:
        value = item.value
        match item.option:
            case FileOption.NO_BINARY | FileOption.ONLY_BINARY:
                self._format_control.append((_field_name(item.option), value))
            case FileOption.ALL_RELEASES | FileOption.ONLY_FINAL:
                self._release_control.append((_field_name(item.option), value))
            case FileOption.INDEX_URL:
                if value:
                    self._values[FileOption.INDEX_URL] = [value]
                    self._values.pop(FileOption.EXTRA_INDEX_URL, None)
            case FileOption.FIND_LINKS:
                if not is_remote(location):
                    beside = os.path.join(self.files.cwd, os.path.dirname(location), value)
                    value = beside if os.path.exists(beside) else value
                self._values.setdefault(item.option, []).append(value)
            case _:
                self._values.setdefault(item.option, []).append(value)

    def options(self) -> FileOptions:
        """Return the options so far."""

        def values(option: FileOption) -> tuple[str, ...]:
            return tuple(self._values.get(option, ()))

        index = values(FileOption.INDEX_URL)
        return FileOptions(
            index_url=index[0] if index else None,
            extra_index_urls=values(FileOption.EXTRA_INDEX_URL),
            no_index=FileOption.NO_INDEX in self._values,
            find_links=values(FileOption.FIND_LINKS),
            format_control=tuple(self._format_control),
            release_control=tuple(self._release_control),
            pre=FileOption.PRE in self._values,
            prefer_binary=FileOption.PREFER_BINARY in self._values,
            require_hashes=FileOption.REQUIRE_HASHES in self._values,
            no_require_hashes=FileOption.NO_REQUIRE_HASHES in self._values,
            trusted_hosts=values(FileOption.TRUSTED_HOST),
            features=tuple(dict.fromkeys(values(FileOption.USE_FEATURE))),
        )


def path_kind(path: str) -> PathKind:
    """Return what stands at an absolute path."""
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


def _field_name(option: FileOption) -> str:
    return option.value.removeprefix("--").replace("-", "_")


def _locale_encoding(data: bytes) -> str:
    if data.isascii():
        return "utf-8"
    import locale  # noqa: PLC0415 - seldom needed

    return locale.getencoding()


def _raise_cycle(nested: str, location: str, first: str | None) -> NoReturn:
    again = f" and again in {redact(first)}" if first is not None else ""
    raise RequirementError(f"{redact(nested)} recursively references itself in {redact(location)}{again}")
