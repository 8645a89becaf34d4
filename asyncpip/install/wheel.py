"""What a wheel is: its member names, WHEEL, METADATA, entry points and RECORD, checked before anything is written.

The rules are those of the binary distribution format specification as pip 26.3 enforces them. Reading the archive is
left to the caller, where the files go to `scheme.py`.

This module is on the way of every install, with 25,000 member names in a run: it imports next to nothing, and looks at
all names of an archive at once, as one text, wherever that is possible.
"""

from __future__ import annotations

from asyncpip.errors import WheelFormatError
from asyncpip.install.scripts import parse_entry_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.install.scripts import Script

SCHEME_KEYS = ("platlib", "purelib", "headers", "scripts", "data")
"""Directories that a ``.data`` directory may hold (sysconfig's words)."""
_SUPPORTED_WHEEL_VERSION = (1, 0)


class WheelLayout:
    """One wheel's facts, all checked."""

    __slots__ = (
        "console_scripts",
        "data_dir",
        "dist_info",
        "filename",
        "gui_scripts",
        "metadata",
        "project",
        "record",
        "requires_python",
        "root_is_purelib",
        "version",
        "warnings",
    )

    def __init__(
        self,
        *,
        filename: str,
        project: str,
        version: str,
        requires_python: str,
        dist_info: str,
        data_dir: str,
        root_is_purelib: bool,
        console_scripts: tuple[Script, ...],
        gui_scripts: tuple[Script, ...],
        record: str,
        metadata: bytes,
        warnings: tuple[str, ...],
    ) -> None:
        self.filename = filename
        self.project = project
        """As METADATA spells it; ``version`` too."""
        self.version = version
        self.requires_python = requires_python
        """Empty where METADATA has none."""
        self.dist_info = dist_info
        """The directory's name, ``foo-1.0.dist-info``."""
        self.data_dir = data_dir
        """The ``.data`` directory's name; empty where the wheel has none, the first of several."""
        self.root_is_purelib = root_is_purelib
        self.console_scripts = console_scripts
        self.gui_scripts = gui_scripts
        self.record = record
        """The text of RECORD, of which ten thousand rows are read when other processes have something to do."""
        self.metadata = metadata
        self.warnings = warnings


def read_layout(filename: str, names: Sequence[str], read_member: Callable[[str], bytes]) -> WheelLayout:
    """Return the facts of the wheel ``filename``, whose archive lists ``names`` (directories end with ``/``).

    ``read_member`` gives the content of one member. Raises `WheelFormatError` for every wheel that is refused.
    """
    project, version = _parts_of(filename)
    clean = normalised_names(names)
    directories = _check_names(filename, clean)
    dist_info = _find_dist_info(filename, project, directories)
    data_dirs = _check_data_directories(filename, clean, directories)
    inside = {part: name for part, name in zip(clean, names, strict=True) if part.startswith(dist_info)}

    def read_text(part: str) -> str | None:
        name = f"{dist_info}/{part}"
        if name not in inside:
            return None
        try:
            return read_member(inside[name]).decode()
        except UnicodeDecodeError as error:
            raise _refused(filename, f"{name} is not UTF-8: {error}") from error

    wheel, record, entry_points = read_text("WHEEL"), read_text("RECORD"), read_text("entry_points.txt")
    for part, content in (
        ("WHEEL", wheel),
        ("METADATA", inside.get(f"{dist_info}/METADATA")),
        ("RECORD", record),
    ):
        if content is None:
            raise _refused(filename, f"{dist_info}/{part} is missing")
    headers = _parse_headers(wheel or "")
    warnings = _check_wheel_version(filename, f"{dist_info}/WHEEL", headers.get("wheel-version"))
    metadata = read_member(inside[f"{dist_info}/METADATA"])
    read_metadata = _check_metadata(filename, dist_info, project, version, metadata)
    try:
        console_scripts, gui_scripts = parse_entry_points(entry_points or "")
    except ValueError as error:
        raise _refused(filename, f"{dist_info}/entry_points.txt: {error}") from error
    return WheelLayout(
        filename=filename,
        project=read_metadata.name,
        version=read_metadata.version,
        requires_python=read_metadata.requires_python or "",
        dist_info=dist_info,
        data_dir=data_dirs[0] if data_dirs else "",
        root_is_purelib=headers.get("root-is-purelib", "").lower() == "true",
        console_scripts=console_scripts,
        gui_scripts=gui_scripts,
        record=record or "",
        metadata=metadata,
        warnings=warnings,
    )


def canonical_name(name: str) -> str:
    """Return ``name`` as PEP 503 compares it; the same as `core.names.normalize_name`, without its imports."""
    name = name.lower().replace("_", "-").replace(".", "-")
    while "--" in name:
        name = name.replace("--", "-")
    return name


def normalised_names(names: Sequence[str]) -> Sequence[str]:
    """Return ``names`` without empty and ``.`` components, as pip installs them; nearly always ``names`` itself."""
    text = "\n" + "\n".join(names) + "\n"
    if "//" not in text and "/./" not in text and "\n./" not in text and "/.\n" not in text and "\n.\n" not in text:
        return names
    clean = []
    for name in names:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        root = "/" if name.startswith("/") else ""  # stays what it is: to be refused
        tail = "/" if name.endswith(("/", "/.")) and parts else ""
        clean.append(root + "/".join(parts) + tail if parts else "./")
    return clean


def refuse_unsafe_names(filename: str, names: Sequence[str]) -> None:
    """Raise `WheelFormatError` where one of ``names`` could name a place outside of the directory it is put into."""
    text = "\n" + "\n".join(names)
    if text.count("\n") == len(names) and not any(sign in text for sign in ("\0", "\r", "\\", "..", ":", "\n/")):
        return
    for name in names:
        for sign, called in (("\n", "line break"), ("\r", "line break"), ("\0", "NUL"), ("\\", "backslash")):
            if sign in name:
                raise _refused(filename, f"the member name {name!r} holds a {called}")
        if name.startswith("/"):
            raise _refused(filename, f"the member {name!r} has an absolute path")
        parts = name.split("/")
        if ".." in parts:
            raise _refused(filename, f"the member {name!r} leaves the archive's root")
        # `C:` means a drive at the start of a path: that of the member, or of what stands below `.data/<key>/`.
        drives = parts[:1] + (parts[2:3] if parts[0].endswith(".data") else [])
        if any(len(part) > 1 and part[1] == ":" and part[0].isalpha() for part in drives):
            raise _refused(filename, f"the member {name!r} names a drive")


def split_data_member(filename: str, name: str) -> tuple[str, str]:
    """Return scheme key and remaining path of a member of a ``.data`` directory; raise where it has no such parts."""
    parts = name.split("/", 2)
    if len(parts) < 3 or not parts[2]:  # noqa: PLR2004 - directory, key, path
        raise _refused(filename, f"{name!r} is not `<scheme key>/<path>` below its .data directory")
    if parts[1] not in SCHEME_KEYS:
        known = ", ".join(sorted(SCHEME_KEYS))
        raise _refused(filename, f"{name!r} has the unknown scheme key {parts[1]!r} (known: {known})")
    return parts[1], parts[2]


def is_data_member(name: str) -> bool:
    """Return whether ``name`` belongs to a ``.data`` directory, whatever stands before the suffix (pip's rule)."""
    return name.partition("/")[0].endswith(".data")


def _refused(filename: str, why: str) -> WheelFormatError:
    return WheelFormatError(f"{filename} is not a wheel that can be installed", why=why)


def _parts_of(filename: str) -> tuple[str, str]:
    parts = filename[:-4].split("-")
    if not filename.endswith(".whl") or len(parts) not in (5, 6) or not parts[0] or not parts[1]:
        raise _refused(filename, "its file name is not `name-version[-build]-python-abi-platform.whl`")
    return parts[0], parts[1]


def _check_names(filename: str, names: Sequence[str]) -> set[str]:
    """Return all directories that the members lie in, after checking that the names go together."""
    if "" in names:
        raise _refused(filename, "a member has an empty name")
    refuse_unsafe_names(filename, names)
    files = [name for name in names if name[-1] != "/"]
    unique = set(files)
    if len(unique) != len(files):
        twice = next(name for name in unique if files.count(name) > 1)
        raise _refused(filename, f"the member {twice!r} occurs more than once")
    directories: set[str] = set()
    for parent in {name.rpartition("/")[0] for name in names}:
        directory = parent
        while directory and directory not in directories:
            directories.add(directory)
            directory = directory.rpartition("/")[0]
    clashes = directories & unique
    if clashes:
        raise _refused(filename, f"the member {min(clashes)!r} is both a file and a directory")
    return directories


def _find_dist_info(filename: str, project: str, directories: set[str]) -> str:
    found = sorted(name for name in directories if name.endswith(".dist-info") and "/" not in name)
    if not found:
        raise _refused(filename, "it has no .dist-info directory")
    if len(found) > 1:
        raise _refused(filename, f"it has several .dist-info directories: {', '.join(found)}")
    if not canonical_name(found[0]).startswith(canonical_name(project) + "-"):
        raise _refused(filename, f"its .dist-info directory {found[0]!r} does not belong to {project!r}")
    return found[0]


def _check_data_directories(filename: str, names: Sequence[str], directories: set[str]) -> list[str]:
    """Return the ``.data`` directories' names, after checking that each file in them has a known scheme key."""
    if not any(name.endswith(".data") for name in (*directories, *names) if "/" not in name):
        return []
    found: dict[str, None] = {}
    for name in names:
        if name[-1] != "/" and is_data_member(name):
            split_data_member(filename, name)
            found[name.partition("/")[0]] = None
    return list(found)


def _parse_headers(text: str) -> dict[str, str]:
    """Return the header block of an RFC 5322 style file, names in lower case, the first of several values."""
    headers: dict[str, str] = {}
    for line in text.lstrip("\ufeff").splitlines():
        if not line:
            break
        key, colon, value = line.partition(":")
        if colon:
            headers.setdefault(key.lower(), value.strip())
    return headers


def _check_wheel_version(filename: str, member: str, text: str | None) -> tuple[str, ...]:
    """Return warnings about the wheel's format version; raise where its major part is newer than ours."""
    if text is None:
        raise _refused(filename, f"{member} has no Wheel-Version")
    try:
        version = tuple(int(part) for part in text.split("."))
    except ValueError:
        raise _refused(filename, f"{member} has the invalid Wheel-Version {text!r}") from None
    if version[0] > _SUPPORTED_WHEEL_VERSION[0]:
        raise WheelFormatError(
            f"{filename} is of a newer wheel format than is supported",
            why=f"its Wheel-Version is {text}; the newest that is known is 1.0",
            hint="a newer asyncpip may install it",
        )
    if version > _SUPPORTED_WHEEL_VERSION:
        return (f"Installing from a newer Wheel-Version ({text})",)
    return ()


def _check_metadata(filename: str, dist_info: str, project: str, version: str, data: bytes) -> CoreMetadata:
    """Return what METADATA says, after checking that name and version are those of the file name."""
    from asyncpip.core.metadata import parse_core_metadata  # noqa: PLC0415 - only read when a wheel is first unpacked

    where = f"{dist_info}/METADATA"
    try:
        metadata = parse_core_metadata(data)
    except ValueError as error:
        raise _refused(filename, f"{where}: {error}") from error
    if canonical_name(metadata.name) != canonical_name(project):
        raise _refused(filename, f"inconsistent name: expected {project!r}, but {where} has {metadata.name!r}")
    if metadata.version != version and not _same_version(metadata.version, version):
        raise _refused(filename, f"inconsistent version: expected {version!r}, but {where} has {metadata.version!r}")
    return metadata


def _same_version(left: str, right: str) -> bool:
    from packaging.version import Version  # noqa: PLC0415 - spelled differently: one wheel in a hundred

    try:
        return Version(left) == Version(right)
    except ValueError:  # `InvalidVersion`, or a number with more digits than Python reads
        return False
