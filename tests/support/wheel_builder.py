"""Wheels and sdists from small dicts; the same bytes for the same arguments. Options make broken ones."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Content = bytes | str
STAMP = (2020, 2, 2, 0, 0, 0)
STAMP_SECONDS = 1580601600


def record_digest(data: bytes) -> str:
    """Return ``sha256=…`` as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def build_metadata(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    metadata_version: str = "2.1",
    more_headers: Sequence[str] = (),
    description: str = "",
) -> str:
    """Return METADATA; ``extras`` maps an extra to what it requires."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, requirements in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        for requirement in requirements:
            base, semicolon, marker = requirement.partition(";")
            condition = f"({marker.strip()}) and " if semicolon else ""
            lines.append(f'Requires-Dist: {base.strip()} ; {condition}extra == "{extra}"')
    return "\n".join([*lines, *more_headers, "", description])


def wheel_filename(name: str, version: str, *, tag: str = "py3-none-any", build: str = "") -> str:
    """Return the file name that the binary distribution format gives."""
    parts = [_escaped(name), version.replace("-", "_"), *([build] if build else []), tag]
    return "-".join(parts) + ".whl"


def build_wheel(
    name: str,
    version: str,
    *,
    files: Mapping[str, Content] | None = None,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    more_headers: Sequence[str] = (),
    entry_points: Mapping[str, Sequence[str]] | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    data: Mapping[str, Content] | None = None,
    root_is_purelib: bool = True,
    wheel_version: str = "1.0",
    compression: int = zipfile.ZIP_DEFLATED,
    executable: Collection[str] = (),
    directories: Collection[str] = (),
    dist_info_files: Mapping[str, Content] | None = None,
    metadata: Content | None = None,
    dist_info: str | None = None,
    record_rows: Iterable[tuple[str, str, str]] | None = None,
    leave_out: Collection[str] = (),
    raw_members: Sequence[tuple[str, Content]] = (),
    dist_info_first: bool = False,
    bad_crc: Collection[str] = (),
    filename: str | None = None,
) -> tuple[str, bytes]:
    """Return file name and bytes of a wheel.

    Args:
        name: As the project spells it.
        version: As METADATA has it.
        files: Members in the root; None means one module named like the project.
        requires: `Requires-Dist` values.
        requires_python: `Requires-Python`.
        extras: Extra to what it requires.
        more_headers: Further lines of METADATA, like ``Summary: A demo.``
        entry_points: Group to lines like ``name = module:function``.
        tag: Wheel tag, compressed sets allowed.
        build: Build tag.
        data: Members below the ``.data`` directory, like ``scripts/run``.
        root_is_purelib: As WHEEL says it.
        wheel_version: As WHEEL says it.
        compression: `zipfile.ZIP_DEFLATED` or `zipfile.ZIP_STORED`.
        executable: Members with the executable bits.
        directories: Directory entries to add (with or without a slash at the end).
        dist_info_files: More files in the dist-info directory.
        metadata: The whole METADATA instead of the one made from the other arguments.
        dist_info: Another name for the dist-info directory.
        record_rows: The whole RECORD instead of the right one.
        leave_out: Names of dist-info files (`RECORD`, `WHEEL`, `METADATA`) that are missing.
        raw_members: Added last, as they are and without a RECORD row: traversal names, duplicates, a second dist-info.
        dist_info_first: Put the dist-info directory at the start of the archive.
        bad_crc: Members whose CRC is wrong.
        filename: Another file name.
    """
    stem = f"{_escaped(name)}-{version}"
    info = dist_info or f"{stem}.dist-info"
    if files is None:
        files = {f"{_escaped(name).lower()}.py": f'"""Made for tests."""\n\n__version__ = "{version}"\n'}
    if metadata is None:
        metadata = build_metadata(
            name,
            version,
            requires=requires,
            requires_python=requires_python,
            extras=extras,
            more_headers=more_headers,
        )
    tags = "".join(f"Tag: {single}\n" for single in _single_tags(tag))
    meta: dict[str, Content] = {
        "METADATA": metadata,
        "WHEEL": f"Wheel-Version: {wheel_version}\nGenerator: wheel_builder\nRoot-Is-Purelib: "
        f"{str(root_is_purelib).lower()}\n{tags}" + (f"Build: {build}\n" if build else ""),
    }
    if entry_points:
        meta["entry_points.txt"] = _entry_points(entry_points)
    meta |= dist_info_files or {}
    body = [(path, _bytes(content)) for path, content in files.items()]
    body += [(f"{stem}.data/{path}", _bytes(content)) for path, content in (data or {}).items()]
    extra = [(f"{info}/{path}", _bytes(content)) for path, content in meta.items() if path not in leave_out]
    members = [*extra, *body] if dist_info_first else [*body, *extra]
    if "RECORD" not in leave_out:
        rows = record_rows
        if rows is None:
            rows = [(path, record_digest(content), str(len(content))) for path, content in members]
            rows = [*rows, (f"{info}/RECORD", "", "")]
        members.append(
            (f"{info}/RECORD", "".join(",".join(_quoted(cell) for cell in row) + "\n" for row in rows).encode())
        )
    members += [(path, _bytes(content)) for path, content in raw_members]
    archive = _zip(members, directories=directories, executable=executable, compression=compression)
    for path in bad_crc:
        archive = _with_bad_crc(archive, path)
    return filename or wheel_filename(name, version, tag=tag, build=build), archive


def build_sdist(
    name: str,
    version: str,
    *,
    files: Mapping[str, Content] | None = None,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    pyproject: Content | None = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    metadata_version: str = "2.2",
    dynamic: Sequence[str] = (),
    root: str | None = None,
    archive: str = "tar.gz",
    raw_members: Sequence[tuple[str, Content]] = (),
    links: Sequence[tuple[str, str]] = (),
) -> tuple[str, bytes]:
    """Return file name and bytes of a source distribution; ``archive`` is `tar.gz` or `zip`.

    ``root`` is another name for the top directory, ``raw_members`` are added as they are, ``links`` are pairs of a
    member's name and the target of the symbolic link (tar only), ``pyproject`` None leaves `pyproject.toml` out.
    """
    stem = f"{_escaped(name)}-{version}"
    top = stem if root is None else root
    headers = [f"Dynamic: {field}" for field in dynamic]
    metadata = build_metadata(
        name,
        version,
        requires=requires,
        requires_python=requires_python,
        extras=extras,
        metadata_version=metadata_version,
        more_headers=headers,
    )
    tree: dict[str, Content] = {"PKG-INFO": metadata}
    if pyproject is not None:
        tree["pyproject.toml"] = pyproject
    tree |= files if files is not None else {f"{_escaped(name).lower()}.py": f'__version__ = "{version}"\n'}
    members = [(f"{top}/{path}", _bytes(content)) for path, content in tree.items()]
    members += [(path, _bytes(content)) for path, content in raw_members]
    if archive == "zip":
        return f"{stem}.zip", _zip(members, directories=(), executable=(), compression=zipfile.ZIP_DEFLATED)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in members:
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), STAMP_SECONDS, 0o644
            tar.addfile(entry, io.BytesIO(content))
        for path, target in links:
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, STAMP_SECONDS
            tar.addfile(entry)
    return f"{stem}.tar.gz", gzip.compress(buffer.getvalue(), mtime=STAMP_SECONDS)


def _zip(
    members: Sequence[tuple[str, bytes]],
    *,
    directories: Collection[str],
    executable: Collection[str],
    compression: int,
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in directories:
            entry = zipfile.ZipInfo(path.rstrip("/") + "/", STAMP)
            entry.external_attr = (0o40755 << 16) | 0x10
            archive.writestr(entry, b"")
        written = set()
        for path, content in members:
            entry = zipfile.ZipInfo(path, STAMP)
            entry.filename = path  # the constructor cuts at NUL and changes separators on some platforms
            entry.create_system = 3
            entry.compress_type = compression
            entry.external_attr = (0o100755 if path in executable else 0o100644) << 16
            if path in written:
                archive.NameToInfo.pop(path)  # a duplicate on purpose: no warning
            written.add(path)
            archive.writestr(entry, content)
    return buffer.getvalue()


def _with_bad_crc(archive: bytes, path: str) -> bytes:
    """Return ``archive`` with one bit of the CRC of ``path`` turned, in the local header and the directory."""
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        offset, start = reader.getinfo(path).header_offset, reader.start_dir
    changed = bytearray(archive)
    changed[offset + 14] ^= 1
    at = start
    while changed[at : at + 4] == b"PK\1\2":
        lengths = [int.from_bytes(changed[at + field : at + field + 2], "little") for field in (28, 30, 32)]
        if int.from_bytes(changed[at + 42 : at + 46], "little") == offset:
            changed[at + 16] ^= 1
        at += 46 + sum(lengths)
    return bytes(changed)


def _single_tags(tag: str) -> list[str]:
    python, abi, platform = tag.split("-")
    return [f"{a}-{b}-{c}" for a in python.split(".") for b in abi.split(".") for c in platform.split(".")]


def _entry_points(groups: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(f"[{group}]\n" + "".join(f"{line}\n" for line in lines) for group, lines in groups.items())


def _escaped(name: str) -> str:
    return name.replace("-", "_").replace(".", "_")


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(char in cell for char in ',"\n\r') else cell


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content
