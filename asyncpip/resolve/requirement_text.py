"""Requirement text, an argument or a line of a file, → `UserRequirement`: PEP 508, and pip's paths, URLs and VCS URLs.

Whether a path exists is asked through a callable; reading files is left to `commands.requirement_input`.
"""

from __future__ import annotations

import enum
import os
import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from asyncpip.core.hashes import KNOWN_ALGORITHMS, NO_HASHES, AllowedHashes
from asyncpip.core.metadata import has_endless_number
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import DirectKind, DirectReference, UserRequirement
from asyncpip.core.urls import VCS_SCHEMES, filename_of, is_url, is_vcs_url, path_to_url, redact, url_to_path
from asyncpip.core.wheel_filename import SDIST_SUFFIXES, parse_wheel_name
from asyncpip.errors import RequirementError
from asyncpip.resolve.plain_requirement import parse_plain_requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncpip.core.requirement import Origin

_ARCHIVE_SUFFIXES = (*SDIST_SUFFIXES, ".whl")
_OPERATORS = ("~=", "==", "!=", "<=", ">=", "<", ">")
_PATH_EXTRAS = re.compile(r"(.+)(\[[^\]]+\])")
_PROJECT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EGG = re.compile(r"[#&]egg=([^&]*)")
_SUBDIRECTORY = re.compile(r"[#&]subdirectory=([^&]*)")
_HASH = re.compile(rf"[#&]({'|'.join(KNOWN_ALGORITHMS)})=([^&]*)")
_ANY_VERSION = SpecifierSet()


class PathKind(enum.Enum):
    """What stands at a path."""

    MISSING = "missing"
    FILE = "file"
    DIRECTORY = "directory"
    """Without the files of a project."""
    PROJECT = "project"
    """A directory with `pyproject.toml` or `setup.py`."""


class _Surroundings(NamedTuple):
    """What the meaning of a text depends on."""

    origin: Origin
    cwd: str
    kind_of: Callable[[str], PathKind]
    warn: Callable[[str], None]


class _Parts(NamedTuple):
    """A requirement taken apart. ``named`` None where only a URL or path is known."""

    named: Requirement | None
    extras: Iterable[str]
    specifier: SpecifierSet
    marker: Marker | None
    direct: DirectReference | None


def _drop(_warning: str) -> None:
    return


def parse_requirement_text(
    text: str,
    *,
    origin: Origin,
    cwd: str,
    exists: Callable[[str], PathKind],
    editable: bool = False,
    constraint: bool = False,
    hashes: AllowedHashes = NO_HASHES,
    config_settings: tuple[tuple[str, str], ...] = (),
    warn: Callable[[str], None] = _drop,
) -> UserRequirement:
    """Return what ``text`` asks for.

    ``cwd`` (absolute) is what relative paths start from; ``exists`` is asked about absolute paths, and only where the
    text looks like one. A constraint needs a name, may not have extras or be editable. Raises `RequirementError`.
    """
    if has_endless_number(text):
        raise RequirementError(
            f"Invalid requirement: {text[:60]!r} … has a number out of all bounds", why=place_of(origin)
        )
    if constraint and editable:
        raise RequirementError("Editable requirements are not allowed as constraints", why=place_of(origin))
    if not editable and (plain := parse_plain_requirement(text, origin, hashes, config_settings)):
        return plain
    surroundings = _Surroundings(origin, cwd, exists, warn)
    parts = (_parse_editable if editable else _parse_plain)(text, surroundings)
    name = None if parts.named is None else normalize_name(parts.named.name)
    extras = frozenset(normalize_name(extra) for extra in parts.extras) if parts.extras else frozenset()
    if constraint and name is None:
        raise RequirementError("Unnamed requirements are not allowed as constraints", why=place_of(origin, text))
    if constraint and extras:
        raise RequirementError("Constraints cannot have extras", why=place_of(origin, text))
    return UserRequirement(
        text=redact(text),
        name=name,
        extras=extras,
        specifier=parts.specifier,
        marker=parts.marker,
        direct=parts.direct,
        editable=editable,
        hashes=hashes,
        config_settings=config_settings,
        origin=origin,
    )


def parse_standard_requirement(
    text: str, *, origin: Origin, cwd: str, exists: Callable[[str], PathKind]
) -> UserRequirement:
    """Return what ``text`` asks for where only PEP 508 is allowed: groups and scripts. Raises `RequirementError`."""
    try:
        named = Requirement(text)
    except InvalidRequirement as error:
        _raise_invalid(text, error, origin)
    direct = None if named.url is None else _direct_reference(named.url, _Surroundings(origin, cwd, exists, _drop))
    return UserRequirement(
        text=redact(text),
        name=normalize_name(named.name),
        extras=frozenset(normalize_name(extra) for extra in named.extras),
        specifier=named.specifier,
        marker=named.marker,
        direct=direct,
        origin=origin,
    )


def has_archive_suffix(text: str) -> bool:
    """Return whether ``text`` ends like the file name of a wheel or sdist."""
    return text.lower().endswith(_ARCHIVE_SUFFIXES)


def split_extras(text: str) -> tuple[str, frozenset[str]]:
    """Return ``text`` without a ``[a,b]`` at its end, and those extras; raise `RequirementError` where they are bad."""
    match = _PATH_EXTRAS.fullmatch(text) if text.endswith("]") else None
    if match is None:
        return text, frozenset()
    try:
        extras = Requirement("placeholder" + match[2]).extras
    except InvalidRequirement as error:
        raise RequirementError(f"Invalid extras: {redact(text)!r}", why=str(error)) from error
    return match[1].rstrip(), frozenset(normalize_name(extra) for extra in extras)


def place_of(origin: Origin, text: str | None = None) -> str | None:
    """Return ``line 3 of reqs.txt: text`` as far as known; None where there is nothing to say."""
    place = origin.file or ""
    if origin.detail is not None:
        place = origin.detail if place in origin.detail else f"{origin.detail} of {place}"
    elif origin.line is not None:
        place = f"line {origin.line} of {place}"
    return ": ".join(part for part in (place, redact(text or "")) if part) or None


def _parse_plain(text: str, surroundings: _Surroundings) -> _Parts:
    # A URL may hold a semicolon, so there the blank after it counts too (pip's rule).
    body, _, condition = text.partition("; " if is_url(text) else ";")
    body = body.strip()
    marker = None
    if condition and not condition.isspace():
        try:
            marker = Marker(condition.strip())
        except InvalidMarker as error:
            _raise_invalid(body, error, surroundings.origin)
    if is_url(body):
        return _unnamed(body, frozenset(), marker, surroundings)
    path, extras = _path_of(body, surroundings)
    if path is not None:
        return _unnamed(path_to_url(path), extras, marker, surroundings)
    named = _parse_named(body, surroundings)
    direct = None if named.url is None else _direct_reference(named.url, surroundings)
    return _Parts(named, named.extras, named.specifier, marker or named.marker, direct)


def _parse_named(text: str, surroundings: _Surroundings) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        hint = None
        if os.sep in text:
            kind = surroundings.kind_of(_absolute_path(text, surroundings.cwd))
            hint = "It looks like a path. " + _path_hint(text, kind)
        elif "=" in text and not any(operator in text for operator in _OPERATORS):
            hint = "= is not a valid operator. Did you mean == ?"
        _raise_invalid(text, error, surroundings.origin, hint)


def _path_hint(text: str, kind: PathKind) -> str:
    if kind is not PathKind.FILE:  # a directory has been taken, or refused, before
        return f"File '{redact(text)}' does not exist."
    return (
        f"The path does exist. If {text} is a requirements file, use the '-r' flag to install the packages specified "
        "within it."
    )


def _path_of(body: str, surroundings: _Surroundings) -> tuple[str | None, frozenset[str]]:
    """Return the absolute path that ``body`` means, and its extras; None where it means a name."""
    looks_like_path = _looks_like_path(body)
    if not looks_like_path and not body.lower().rstrip("]").endswith(_ARCHIVE_SUFFIXES) and "[" not in body:
        return None, frozenset()
    match = _PATH_EXTRAS.fullmatch(body) if body.endswith("]") else None
    bare = body if match is None else match[1].rstrip()
    is_archive = bare.lower().endswith(_ARCHIVE_SUFFIXES)
    if not looks_like_path and not is_archive:
        return None, frozenset()
    path = _absolute_path(bare, surroundings.cwd)
    kind = surroundings.kind_of(path)
    if looks_like_path and kind is PathKind.DIRECTORY:
        raise RequirementError(
            f"Directory {body!r} is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
            why=place_of(surroundings.origin),
        )
    if not (looks_like_path and kind is PathKind.PROJECT):
        if not is_archive:
            return None, frozenset()
        if kind is not PathKind.FILE:
            before, at, _ = body.partition("@")
            if at and not _looks_like_path(before):
                return None, frozenset()  # ``name @ https://…/archive.zip``
            surroundings.warn(f"Requirement {redact(body)!r} looks like a filename, but the file does not exist")
    return path, split_extras(body)[1]


def _looks_like_path(text: str) -> bool:
    return os.sep in text or (os.altsep is not None and os.altsep in text) or text.startswith(".")


def _absolute_path(path: str, cwd: str) -> str:
    return os.path.normpath(os.path.join(cwd, path))


def _unnamed(url: str, extras: frozenset[str], marker: Marker | None, surroundings: _Surroundings) -> _Parts:
    """Return the parts of a URL alone: name and version from a wheel's file name, else a name from ``#egg=``."""
    direct = _direct_reference(url, surroundings)
    if direct.kind is DirectKind.WHEEL:
        filename = filename_of(direct.url)
        wheel = parse_wheel_name(filename)
        if wheel is None:
            _raise_bad_wheel_name(filename, "wrong number of parts", surroundings)
        try:
            specifier = SpecifierSet(f"=={wheel.version}")
            named = Requirement(wheel.project)
        except (InvalidSpecifier, InvalidRequirement):
            _raise_bad_wheel_name(filename, "invalid name or version", surroundings)
        return _Parts(named, extras, specifier, marker, direct)
    name = _egg_name(direct.url)
    return _Parts(None if name is None else Requirement(name), extras, _ANY_VERSION, marker, direct)


def _parse_editable(text: str, surroundings: _Surroundings) -> _Parts:
    named: Requirement | None
    try:
        named = Requirement(text)
    except InvalidRequirement:
        named = None
    if named is not None and named.url is not None:
        direct = _editable_reference(named.url, text, surroundings, checked=named.marker is None)
        return _Parts(named, named.extras, _ANY_VERSION, named.marker, direct)
    path, extras = split_extras(text)
    where = _absolute_path(path, surroundings.cwd)
    if not is_url(path) and surroundings.kind_of(where) in (PathKind.DIRECTORY, PathKind.PROJECT):
        url = path_to_url(where)
    elif path.lower().startswith("file:"):
        url = path
    else:
        url, extras = text, frozenset()
        if text.lower().startswith(tuple(f"{program}:" for program in VCS_SCHEMES)):
            url = f"{text.partition(':')[0].lower()}+{text}"
    direct = _editable_reference(url, text, surroundings, checked=True)
    name = _egg_name(direct.url)
    if name is None and direct.kind is DirectKind.VCS:
        raise RequirementError(
            f"Could not detect requirement name for '{redact(text)}', please specify one with your_package_name @ URL",
            why=place_of(surroundings.origin),
        )
    return _Parts(None if name is None else Requirement(name), extras, _ANY_VERSION, None, direct)


def _editable_reference(url: str, text: str, surroundings: _Surroundings, *, checked: bool) -> DirectReference:
    """Return where an editable is; ``checked`` False where a marker may leave it out anyway."""
    if not is_vcs_url(url) and not url.startswith("file:"):
        raise RequirementError(
            f"{redact(text)} is not a valid editable requirement. It should either be a path to a local project or a "
            "VCS URL (beginning with bzr+https, git+https, hg+https, svn+https, …)",
            why=place_of(surroundings.origin),
        )
    direct = _direct_reference(url, surroundings)
    if direct.kind is DirectKind.VCS:
        return direct
    if checked and direct.subdirectory is None and surroundings.kind_of(_path_in(direct.url)) is not PathKind.PROJECT:
        raise RequirementError(
            f"{redact(direct.url)} does not appear to be a Python project: neither 'setup.py' nor 'pyproject.toml' "
            "found.",
            why=place_of(surroundings.origin),
        )
    return DirectReference(url=direct.url, kind=DirectKind.DIRECTORY, subdirectory=direct.subdirectory)


def _direct_reference(url: str, surroundings: _Surroundings) -> DirectReference:
    """Return the reference to ``url``, made absolute."""
    if not is_url(url):
        raise RequirementError(
            f"Invalid requirement: {redact(url)!r} is not a URL of a kind that can be installed",
            why=place_of(surroundings.origin),
            hint="a local path after `name @` is written as a URL, file:///…",
        )
    try:
        url = _absolute_url(url, surroundings.cwd)
        _egg_name(url)
        if is_vcs_url(url):
            kind = DirectKind.VCS
        elif filename_of(url).endswith(".whl"):
            kind = DirectKind.WHEEL
        elif url.startswith("file:") and surroundings.kind_of(_path_in(url)) in (
            PathKind.DIRECTORY,
            PathKind.PROJECT,
        ):
            kind = DirectKind.DIRECTORY
        else:
            # Without a known suffix too: what a forge serves as `/archive/main` shows its format when it arrives.
            kind = DirectKind.SDIST
    except ValueError as error:
        raise RequirementError(
            f"Invalid URL: {redact(url)!r}: {redact(str(error))}", why=place_of(surroundings.origin)
        ) from error
    found = _HASH.search(url)
    subdirectory = _SUBDIRECTORY.search(url)
    return DirectReference(
        url=url,
        kind=kind,
        hashes=NO_HASHES if found is None else AllowedHashes.of([(found[1], found[2])]),
        subdirectory=subdirectory[1] if subdirectory and subdirectory[1] else None,
    )


def _absolute_url(url: str, cwd: str) -> str:
    """Return ``url``; a ``file:`` URL that is relative or has ``..`` in it as an absolute one, its fragment kept."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc or (parts.path.startswith("/") and "../" not in parts.path):
        return url if parts.scheme == url.partition(":")[0] else parts.scheme + ":" + url.partition(":")[2]
    absolute = path_to_url(_absolute_path(unquote(parts.path), cwd))
    return f"{absolute}#{parts.fragment}" if parts.fragment else absolute


def _path_in(url: str) -> str:
    return url_to_path(url.partition("#")[0])


def _egg_name(url: str) -> str | None:
    """Return the name that ``#egg=`` gives; a plain project name, nothing more."""
    match = _EGG.search(url)
    if match is None:
        return None
    name = match[1]
    if _PROJECT_NAME.fullmatch(name):
        return name
    hint = "Egg fragments can only be a valid project name."
    if any(sign in name for sign in "<>="):
        hint = "Version specifiers are silently ignored for URL references. Remove them."
    if "[" in name and "]" in name:
        hint = "Try using the Direct URL requirement syntax: 'name[extra] @ URL'"
    raise RequirementError(f"The {name!r} egg fragment is invalid", why=f"from {redact(url)!r}", hint=hint)


def _raise_invalid(text: str, cause: ValueError, origin: Origin, hint: str | None = None) -> NoReturn:
    # packaging's message goes on with the text again and a caret below the place.
    first, _, picture = redact(str(cause)).partition("\n")
    why = "\n".join(part for part in (place_of(origin), picture) if part)
    raise RequirementError(f"Invalid requirement: {redact(text)!r}: {first}", why=why or None, hint=hint) from cause


def _raise_bad_wheel_name(filename: str, problem: str, surroundings: _Surroundings) -> NoReturn:
    raise RequirementError(
        f"Invalid wheel filename ({problem}): {filename.removesuffix('.whl')!r}", why=place_of(surroundings.origin)
    )
