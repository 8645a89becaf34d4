"""Follows requirements and constraints files: what their lines say goes to a `RequirementReader`, or sets options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn, assert_never

from asyncpip.commands.requirement_sources import FileOptions
from asyncpip.core.requirement import Origin
from asyncpip.core.urls import is_remote, redact
from asyncpip.errors import RequirementError
from asyncpip.resolve.requirement_options import FileOption
from asyncpip.resolve.requirements_file import (
    NestedFile,
    OptionLine,
    RequirementLine,
    StrayHash,
    decode_requirements,
    join_location,
    parse_requirements_text,
)

if TYPE_CHECKING:
    from asyncpip.commands.requirement_sources import RequirementReader, SourceFiles

_DEEPEST = 200
"""Files that name one another; Python's stack ends at three times that."""
_MOST_NESTED = 2_000
"""Names of files, in all: two in each of fifty files, and there would be no end to it."""


class OptionValues:
    """What option lines have set, in order, and how many files were named by others."""

    def __init__(self, cwd: str) -> None:
        self.nested = 0
        self._cwd = cwd
        self._values: dict[FileOption, list[str]] = {}
        self._format_control: list[tuple[str, str]] = []
        self._release_control: list[tuple[str, str]] = []

    def set(self, item: OptionLine, location: str) -> None:
        """Take an option line of the file at ``location``."""
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
                    beside = os.path.join(self._cwd, os.path.dirname(location), value)
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


def follow(run: RequirementReader, options: OptionValues, location: str, *, constraint: bool) -> None:
    """Take everything from a file and the files that it names."""
    start = location if is_remote(location) else os.path.normpath(os.path.join(run.files.cwd, location))
    _follow(run, options, location, constraint=constraint, including={start: None})


def _read(files: SourceFiles, location: str, *, constraint: bool, named_by: Origin | None) -> bytes:
    """Return a file's content; ``named_by`` is the line that names it."""
    kind = "constraint" if constraint else "requirements"
    try:
        return files.read(location, f"Could not open {kind} file")
    except RequirementError as error:
        if named_by is not None:
            from asyncpip.resolve.requirement_text import place_of  # noqa: PLC0415 - loads `packaging`'s parser

            error.why = f"it is named in {place_of(named_by)}"
        raise


def _follow(
    run: RequirementReader,
    options: OptionValues,
    location: str,
    *,
    constraint: bool,
    including: dict[str, str | None],
    named_by: Origin | None = None,
) -> None:
    data = _read(run.files, location, constraint=constraint, named_by=named_by)
    text, warnings = decode_requirements(data, _locale_encoding(data), filename=location)
    for warning in warnings:
        run.files.warn(warning)
    run.files.name_variables |= "${" in text
    for item in parse_requirements_text(text, filename=location, variables=run.environ):
        match item:
            case RequirementLine():
                origin = Origin(file=item.file, line=item.line, is_constraint=constraint)
                run.add(
                    item.text,
                    origin,
                    editable=item.editable,
                    hashes=item.hashes,
                    config_settings=item.config_settings,
                )
            case NestedFile():
                nested = join_location(location, item.location, cwd=run.files.cwd)
                if nested in including:
                    _raise_cycle(nested, location, including[nested])
                options.nested += 1
                if len(including) > _DEEPEST or options.nested > _MOST_NESTED:
                    raise RequirementError(
                        f"{location} line {item.line} names one file too many",
                        why=f"files may name files {_DEEPEST} deep, and {_MOST_NESTED} times in all",
                    )
                named_by = Origin(file=item.file, line=item.line)
                more = {**including, nested: location}
                _follow(run, options, nested, constraint=item.constraint, including=more, named_by=named_by)
            case OptionLine():
                options.set(item, location)
            case StrayHash():
                run.files.warn(f"{item.file} line {item.line} has --hash but no requirement, and will be ignored.")
            case _:
                assert_never(item)


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
