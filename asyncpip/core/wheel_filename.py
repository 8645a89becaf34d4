"""Names of distribution files (binary distribution format, "File name convention"; PEP 625 for sdists).

Pages list a hundred thousand of these and almost none is looked at again, so taking one apart is a few string
operations, without `packaging.utils` (0.45 s for 104k names there).
"""

from __future__ import annotations

from asyncpip.core.names import normalize_name
from asyncpip.core.values import Row

SDIST_SUFFIXES = (
    ".tar.gz",
    ".zip",
    ".tar.bz2",
    ".tar.xz",
    ".tgz",
    ".tar",
    ".tbz",
    ".txz",
    ".tlz",
    ".tar.lz",
    ".tar.lzma",
)


class WheelName(Row):
    """The parts of a wheel's file name, as written."""

    project: str
    version: str
    build: str
    python_tags: str
    abi_tags: str
    platform_tags: str

    def tags(self) -> list[str]:
        """Return the single tags of a compressed tag set (PEP 425), as ``py3-none-any``."""
        return single_tags(self.python_tags, self.abi_tags, self.platform_tags)

    def build_tag(self) -> tuple[int, str] | tuple[()]:
        """Return the build tag as it sorts: leading digits, then the rest; ``()`` where there is none."""
        digits = len(self.build) - len(self.build.lstrip("0123456789"))
        return (int(self.build[:digits]), self.build[digits:]) if digits else ()


def single_tags(python_tags: str, abi_tags: str, platform_tags: str) -> list[str]:
    """See `WheelName.tags`."""
    return [
        f"{python}-{abi}-{platform}"
        for python in python_tags.split(".")
        for abi in abi_tags.split(".")
        for platform in platform_tags.split(".")
    ]


def parse_wheel_name(filename: str) -> WheelName | None:
    """Return the parts of ``filename``, or None where it is not named like a wheel."""
    if not filename.endswith(".whl"):
        return None
    parts = filename[:-4].split("-")
    match len(parts):
        case 5:
            name = WheelName(parts[0], parts[1], "", parts[2], parts[3], parts[4])
        case 6 if parts[2][:1].isdigit():
            name = WheelName(*parts)
        case _:
            return None
    return name if name.project and name.version else None


def sdist_stem(filename: str) -> str | None:
    """Return ``filename`` without its archive suffix, or None where it has none of an sdist's."""
    lowered = filename.lower()
    if not lowered.endswith(SDIST_SUFFIXES):
        return None
    return next(filename[: -len(suffix)] for suffix in SDIST_SUFFIXES if lowered.endswith(suffix))


def sdist_version(filename: str, project: str) -> str | None:
    """Return the version text of an sdist of ``project``, or None where the file is not one.

    Old sdists have dashes in both name and version, so the border is where the part before it normalises to the
    project's name, as in pip.
    """
    stem = sdist_stem(filename)
    if stem is None:
        return None
    wanted = normalize_name(project)
    at = stem.find("-")
    while at > 0:
        if normalize_name(stem[:at]) == wanted:
            return stem[at + 1 :] or None
        at = stem.find("-", at + 1)
    return None
