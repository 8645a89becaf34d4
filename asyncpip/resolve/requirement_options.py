"""The options of one line of a requirements file: words → values, read as optparse reads them."""

from __future__ import annotations

import enum
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from asyncpip.core.hashes import STRONG_ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_QUOTING = re.compile(r"['\"\\]")
_MOST_QUOTED = 1 << 16
"""`shlex` appends sign by sign: a megabyte takes it seconds."""
_FEATURES = (
    "fast-deps",
    "inprocess-build-deps",
    "venv-isolation",
    "truststore",
    "no-binary-enable-wheel-cache",
    "build-constraint",
)


class FileOption(enum.Enum):
    """What an option line of a file may set for the whole run; the values are the options' names."""

    NO_INDEX = "--no-index"
    INDEX_URL = "--index-url"
    EXTRA_INDEX_URL = "--extra-index-url"
    FIND_LINKS = "--find-links"
    NO_BINARY = "--no-binary"
    ONLY_BINARY = "--only-binary"
    ALL_RELEASES = "--all-releases"
    ONLY_FINAL = "--only-final"
    PRE = "--pre"
    PREFER_BINARY = "--prefer-binary"
    REQUIRE_HASHES = "--require-hashes"
    NO_REQUIRE_HASHES = "--no-require-hashes"
    TRUSTED_HOST = "--trusted-host"
    USE_FEATURE = "--use-feature"


class LineOptions(NamedTuple):
    """The options of one line."""

    values: dict[str, list[str]]
    """By long name, in order; one empty text for each flag. `--index-url` for its other names too."""
    hashes: tuple[tuple[str, str], ...]
    config_settings: tuple[tuple[str, str], ...]


class LineError(Exception):
    """What is wrong with the options of a line; text only, place to be added."""


_SHORT = {
    "-i": "--index-url",
    "-f": "--find-links",
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-C": "--config-settings",
}
_LONG = (
    *(option.value for option in FileOption),
    *(value for value in _SHORT.values() if value not in ("--index-url", "--find-links")),
    "--pypi-url",
    "--hash",
)
_FLAGS = frozenset(
    (
        FileOption.NO_INDEX.value,
        FileOption.PRE.value,
        FileOption.PREFER_BINARY.value,
        FileOption.REQUIRE_HASHES.value,
        FileOption.NO_REQUIRE_HASHES.value,
    )
)
BESIDE_REQUIREMENTS = (
    FileOption.NO_BINARY,
    FileOption.ONLY_BINARY,
    FileOption.ALL_RELEASES,
    FileOption.ONLY_FINAL,
)
"""These act on the whole run wherever they stand, also behind a requirement or ``-r`` (observed in pip)."""


def read_line_options(text: str) -> LineOptions:
    """Return what the option part of a line says; raises `LineError`."""
    values = _read_words(_split_words(text))
    hashes = tuple(_parse_hash(value) for value in values.get("--hash", ()))
    config_settings = tuple(_parse_setting(value) for value in values.get("--config-settings", ()))
    _check_values(values)
    return LineOptions(values, hashes, config_settings)


def read_plain_hashes(text: str) -> tuple[tuple[str, str], ...]:
    """Return the digests where ``text`` is plain ``--hash=algorithm:digest`` words and nothing else; else nothing.

    The common case of long files, in half the time of `read_line_options`.
    """
    hashes = []
    for word in text.split():
        algorithm, colon, digest = word[7:].partition(":")
        if not word.startswith("--hash=") or not colon or algorithm not in STRONG_ALGORITHMS or not digest.isalnum():
            return ()
        hashes.append((algorithm, digest))
    return tuple(hashes)


def _split_words(options: str) -> list[str]:
    if options.isascii() and not _QUOTING.search(options):
        return options.split()
    if len(options) > _MOST_QUOTED:
        raise LineError(f"Could not split options: {options[:80]}…")
    try:
        return shlex.split(options)
    except ValueError as error:
        raise LineError(f"Could not split options: {options}") from error


def _read_words(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of each option by its long name, one empty text for a flag.

    As optparse reads them: unique prefixes, ``--name=value``, ``-xVALUE``, words that belong to nothing are ignored.
    """
    given: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            break
        if word == "-" or not word.startswith("-"):
            continue
        if word.startswith("--"):
            written, equals, value = word.partition("=")
            name = _long_name(written)
        else:
            written, value = word[:2], word[2:]
            equals = value
            if written not in _SHORT:
                raise LineError(f"no such option: {written}")
            name = _SHORT[written]
        if name in _FLAGS:
            if equals:
                raise LineError(f"{name} option does not take a value")
        elif not equals:
            following = next(rest, None)
            if following is None:
                raise LineError(f"{written} option requires 1 argument")
            value = following
        given.setdefault("--index-url" if name == "--pypi-url" else name, []).append(value)
    return given


def _long_name(written: str) -> str:
    if written in _LONG:
        return written
    matches = sorted(name for name in _LONG if name.startswith(written))
    if not matches:
        raise LineError(f"no such option: {written}")
    if len(matches) > 1:
        raise LineError(f"ambiguous option: {written} ({', '.join(matches)}?)")
    return matches[0]


def _parse_hash(value: str) -> tuple[str, str]:
    algorithm, colon, digest = value.partition(":")
    if not colon:
        raise LineError("Arguments to --hash must be a hash name followed by a value, like --hash=sha256:abcde...")
    if algorithm not in STRONG_ALGORITHMS:
        raise LineError(f"Allowed hash algorithms for --hash are {', '.join(STRONG_ALGORITHMS)}.")
    return algorithm, digest


def _parse_setting(value: str) -> tuple[str, str]:
    key, equals, setting = value.partition("=")
    if not equals:
        raise LineError("Arguments to --config-settings must be of the form KEY=VAL")
    return key, setting


def _check_values(given: Mapping[str, Sequence[str]]) -> None:
    for feature in given.get(FileOption.USE_FEATURE.value, ()):
        if feature not in _FEATURES:
            choices = ", ".join(repr(choice) for choice in _FEATURES)
            raise LineError(f"option --use-feature: invalid choice: {feature!r} (choose from {choices})")
    for option in BESIDE_REQUIREMENTS:
        if any(value.startswith("-") for value in given.get(option.value, ())):
            pair = "--no-binary / --only-binary" if "binary" in option.value else "--all-releases / --only-final"
            raise LineError(f"{pair} option requires 1 argument.")
