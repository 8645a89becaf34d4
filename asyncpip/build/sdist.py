"""A source archive into a directory, by the rules of the `data` filter (PEP 706): nothing leaves it.

Beside the filter's rules no member is written through a link of the same archive, and there are neither devices nor
pipes. Modes and the top directory are treated as pip does.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from asyncpip.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from io import BufferedIOBase

_COPY_BYTES = 1024 * 1024
_COMPRESSED: tuple[tuple[bytes, Callable[[BinaryIO], BufferedIOBase]], ...] = (
    (b"\x1f\x8b", lambda archive: gzip.GzipFile(fileobj=archive)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zX", lzma.LZMAFile),
    (b"\x5d\0\0", lzma.LZMAFile),  # the older form, `.lzma`
)
UNPACKED_ALWAYS_BYTES = 1024 * 1024 * 1024
MAX_UNPACKED_RATIO = 100
"""An archive may unpack to the former whatever its own size is, and to so many times its size; more is a bomb. Those of
real projects unpack to 3 to 20 times their size."""
MAX_MEMBERS = 400_000
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""`zipfile` expands the others without a bound on memory, and no known builder uses them."""
_ZIP_SIGNATURES = (b"PK\3\4", b"PK\5\6")


def extract_archive(
    archive: BinaryIO, destination: str, *, filename: str, umask: int, cancelled: Callable[[], bool] = lambda: False
) -> None:
    """Extract ``archive`` (seekable) into the empty directory ``destination``, without the one top directory it has.

    What it is says its content, not its name. Raises `BuildError` for what is no archive, or not a safe one, and
    `OSError`.
    """
    limit = max(UNPACKED_ALWAYS_BYTES, MAX_UNPACKED_RATIO * archive.seek(0, os.SEEK_END))
    archive.seek(0)
    signature = archive.read(4)
    archive.seek(0)
    try:
        if signature in _ZIP_SIGNATURES:
            with zipfile.ZipFile(archive) as opened:
                _check_amount(opened.infolist(), limit, filename)
                _extract_zip(opened, destination, filename, umask, cancelled)
        else:
            _check_whole(archive, signature, limit, filename)
            with tarfile.open(fileobj=archive, encoding="utf-8") as tar:
                _extract_tar(tar, destination, filename, umask, cancelled)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, RuntimeError) as error:
        # RuntimeError: encrypted; its subclass NotImplementedError: of a version that `zipfile` does not know.
        raise BuildError(
            f"{filename} cannot be unpacked",
            why=str(error) or type(error).__name__,
            hint="a source distribution is a .tar.gz, .tar.bz2, .tar.xz, .tar or .zip archive",
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise BuildError(f"{filename} cannot be unpacked", why=str(error)) from error  # damaged gzip, bzip2, xz data
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma", "_lzma"):
            raise BuildError(f"{filename} cannot be unpacked", why=str(error)) from error
        raise


def _extract_zip(
    archive: zipfile.ZipFile, destination: str, filename: str, umask: int, cancelled: Callable[[], bool]
) -> None:
    members = archive.infolist()
    top = _top_directory([member.filename.removeprefix("./") for member in members])
    for member in members:
        if cancelled():
            return
        name = _safe_name(member.filename.removeprefix("./").removeprefix(top), member.filename, filename)
        path = os.path.join(destination, *name.split("/")) if name else destination
        if member.is_dir() or not name:
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = member.external_attr >> 16
        with archive.open(member) as reading, open(path, "wb") as writing:
            while piece := reading.read(_COPY_BYTES):
                writing.write(piece)
        if stat.S_ISREG(mode) and mode & 0o111:
            os.chmod(path, _executable(umask))


def _extract_tar(
    archive: tarfile.TarFile, destination: str, filename: str, umask: int, cancelled: Callable[[], bool]
) -> None:
    members = []
    for member in archive:
        members.append(member)
        if len(members) > MAX_MEMBERS:
            _refuse(filename, f"it holds more than {MAX_MEMBERS} members")
    top = _top_directory([member.name.removeprefix("./") + ("/" if member.isdir() else "") for member in members])
    links: set[str] = set()
    for member in members:
        if cancelled():
            return
        shown = member.name
        member.name = _safe_name(_without(top, shown), shown, filename)
        if not member.name:
            continue
        _check_kind(member, shown, top, filename)
        if any(parent in links for parent in (*_parents(member.name), member.name)):
            _refuse(filename, f"the member {shown!r} would be written through a link")
        checked = _filtered(member, destination, shown, filename)
        if member.issym() or member.islnk():
            links.add(member.name)
        executable = member.isreg() and bool(member.mode & 0o111)
        checked.mode = _executable(umask) if executable else 0o666 & ~umask
        archive.extraction_filter = staticmethod(_already_filtered)
        archive.extract(checked, destination, set_attrs=not member.isdir())


def _check_amount(members: Sequence[zipfile.ZipInfo], limit: int, filename: str) -> None:
    """Refuse what would take more disk than such an archive can be meant to."""
    total = sum(member.file_size for member in members)
    if total > limit or len(members) > MAX_MEMBERS:
        _refuse(filename, f"it declares {len(members)} members with {total} bytes, out of proportion to its size")
    for member in members:
        if member.compress_type not in _ZIP_METHODS:
            _refuse(filename, f"the member {member.filename!r} is compressed by a method that sdists do not use")


def _check_whole(archive: BinaryIO, signature: bytes, limit: int, filename: str) -> None:
    """Raise where compressed data is damaged or the archive is cut: `tarfile` takes either for its end, silently.

    What expands to more than ``limit`` bytes is refused.
    """
    opener = next((opener for start, opener in _COMPRESSED if signature.startswith(start)), None)
    stream: BinaryIO | BufferedIOBase = archive if opener is None else opener(archive)
    size = 0
    while piece := stream.read(_COPY_BYTES):
        size += len(piece)
        if size > limit:
            _refuse(filename, f"it expands to more than {limit} bytes, out of proportion to its size")
    archive.seek(0)
    if size % tarfile.BLOCKSIZE or not size:
        raise tarfile.ReadError(f"it ends after {size} bytes, in the middle of a block")


def _filtered(member: tarfile.TarInfo, destination: str, shown: str, filename: str) -> tarfile.TarInfo:
    """Return the member as the `data` filter lets it through."""
    data_filter = getattr(tarfile, "data_filter", None)
    if data_filter is None:  # CPython before 3.11.4
        if member.issym() or member.islnk():
            _refuse(filename, f"the member {shown!r} is a link, and this Python is too old to unpack it safely")
        member.uid = member.gid = os.getuid() if hasattr(os, "getuid") else 0
        member.uname = member.gname = ""
        return member
    try:
        result: tarfile.TarInfo = data_filter(member, destination)
    except tarfile.TarError as error:
        _refuse(filename, str(error))
    return result


def _already_filtered(member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo:
    return member


def _check_kind(member: tarfile.TarInfo, shown: str, top: str, filename: str) -> None:
    """Refuse what is neither file, directory nor link, and links that lead out, before anything looks at the disk."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        _refuse(filename, f"the member {shown!r} is neither a file nor a directory nor a link")
    if member.issparse():  # a few bytes of it become a file of any size
        _refuse(filename, f"the member {shown!r} is a sparse file")
    if member.islnk():
        member.linkname = _safe_name(_without(top, member.linkname), member.linkname, filename)
    if member.issym():
        target = normpath(join(dirname(member.name), member.linkname))
        if member.linkname.startswith("/") or target == ".." or target.startswith("../"):
            _refuse(filename, f"the link {shown!r} leads out of the archive, to {member.linkname!r}")


def _parents(name: str) -> Iterable[str]:
    at = name.rfind("/")
    while at > 0:
        yield name[:at]
        at = name.rfind("/", 0, at)


def _top_directory(names: Sequence[str]) -> str:
    """Return the directory, with its slash, that all members lie in; empty where there is none (pip's rule)."""
    tops = {name.partition("/")[0] for name in names if name not in (".", "./")}
    if len(tops) != 1:
        return ""
    top = tops.pop() + "/"
    return top if all(name.startswith(top) for name in names) and top not in ("/", "./", "../") else ""


def _without(top: str, name: str) -> str:
    name = name.removeprefix("./")
    return "" if name + "/" == top else name.removeprefix(top)


def _safe_name(name: str, shown: str, filename: str) -> str:
    """Return ``name`` without empty and ``.`` parts; refuse one that could lead out of the directory."""
    if "\0" in name or "\\" in name:
        _refuse(filename, f"the member name {shown!r} holds a character that no name may have")
    if name.startswith("/") or (len(name) > 1 and name[1] == ":" and os.name == "nt"):
        _refuse(filename, f"the member {shown!r} has an absolute path")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        _refuse(filename, f"the member {shown!r} would be written outside of the directory it is unpacked into")
    return "/".join(parts)


def _executable(umask: int) -> int:
    return 0o777 & ~umask | 0o111


def _refuse(filename: str, why: str) -> NoReturn:
    raise BuildError(f"{filename} is not unpacked", why=why, hint="do not trust this archive; ask who made it")
