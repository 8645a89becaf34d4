"""What the store knows of an unpacked wheel: all that linking it into an environment needs, in one read.

A manifest is text in fields separated by NUL, lists one item a line, parts of an item separated by CR; no member name,
row or script name may hold these (`encode` sees to NUL, which only a RECORD could). Decoding is `split`, 25.8k files of
171 wheels in 6 ms without an import. The first field carries a CRC-32 of the rest, so that a damaged one is a miss.
Lean.
"""

from __future__ import annotations

from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MAGIC = "asyncpip-manifest-1"
_FIELDS = 14


class Manifest:
    """One unpacked wheel. Files are stored under their index: first the ``root_paths``, then the ``other_files``."""

    __slots__ = (
        "_root_rows",
        "_sizes",
        "console_scripts",
        "digest",
        "dist_info",
        "filename",
        "gui_scripts",
        "other_files",
        "project",
        "root_directories",
        "root_is_purelib",
        "root_paths",
        "version",
        "warnings",
    )

    def __init__(
        self,
        *,
        filename: str,
        digest: str,
        project: str,
        version: str,
        dist_info: str,
        root_is_purelib: bool,
        console_scripts: list[tuple[str, str, str]],
        gui_scripts: list[tuple[str, str, str]],
        root_directories: list[str],
        root_paths: list[str],
        root_rows: list[str] | str,
        other_files: list[tuple[str, str, str, bool]],
        sizes: list[int] | str,
        warnings: list[str],
    ) -> None:
        self.filename = filename
        self.digest = digest
        self.project = project
        """As METADATA spells it."""
        self.version = version
        self.dist_info = dist_info
        """Name of the dist-info directory."""
        self.root_is_purelib = root_is_purelib
        self.console_scripts = console_scripts
        """Name, module, attribute."""
        self.gui_scripts = gui_scripts
        self.root_directories = root_directories
        """Directories below the root, parents before children."""
        self.root_paths = root_paths
        """Path below the root of stored files 0, 1, …"""
        self._root_rows = root_rows
        self.other_files = other_files
        """Scheme key, path below the scheme's directory, RECORD hash and size (`sha256=…,12` or `,`), and whether the
        file is a script whose `#!python` line names the target's interpreter."""
        self._sizes = sizes
        self.warnings = warnings

    @property
    def file_count(self) -> int:
        """How many files are stored."""
        return len(self.root_paths) + len(self.other_files)

    @property
    def root_rows(self) -> list[str]:
        """Ready RECORD lines for `root_paths`, sorted by path; RECORD's own line is not among them.

        Taken apart when they are asked for: that is when all files are in place.
        """
        return _items(self._root_rows) if isinstance(self._root_rows, str) else self._root_rows

    @property
    def sizes(self) -> list[int]:
        """Bytes of each stored file, in order; only a check of the tree needs them, so they are read then."""
        return _numbers(self._sizes) if isinstance(self._sizes, str) else self._sizes

    @property
    def metadata_index(self) -> int:
        """The stored file that is METADATA."""
        return self.root_paths.index(f"{self.dist_info}/METADATA")

    def encode(self) -> bytes:
        """Return the bytes that `decode` takes; raise ValueError where a text holds NUL."""
        body = "\0".join(
            (
                self.filename,
                self.digest,
                self.project,
                self.version,
                self.dist_info,
                "1" if self.root_is_purelib else "0",
                _lines("\r".join(script) for script in self.console_scripts),
                _lines("\r".join(script) for script in self.gui_scripts),
                _lines(self.root_directories),
                _lines(self.root_paths),
                _lines(self.root_rows),
                _lines(f"{key}\r{path}\r{row}\r{int(rewrite)}" for key, path, row, rewrite in self.other_files),
                _lines(map(str, self.sizes)),
                _lines(warning.replace("\n", " ") for warning in self.warnings),
            )
        ).encode("utf-8")
        if body.count(0) != _FIELDS - 1:
            raise ValueError("a text of the wheel holds NUL")
        return f"{_MAGIC} {crc32(body):08x}\0".encode() + body

    @staticmethod
    def sizes_in(data: bytes) -> list[int]:
        """Return the `sizes` in ``data``, of which nothing else is looked at; empty where it is damaged."""
        fields = data.rsplit(b"\0", 2)
        try:
            return _numbers(fields[-2].decode("ascii"))
        except (ValueError, IndexError):
            return []

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Return the manifest in ``data``; raise ValueError where it is damaged or of another version."""
        at = data.find(b"\0") + 1
        if data[:at] != f"{_MAGIC} {crc32(data[at:]):08x}\0".encode():
            raise ValueError("damaged manifest")
        fields = data[at:].decode("utf-8").split("\0")
        if len(fields) != _FIELDS:
            raise ValueError("damaged manifest")
        return cls(
            filename=fields[0],
            digest=fields[1],
            project=fields[2],
            version=fields[3],
            dist_info=fields[4],
            root_is_purelib=fields[5] == "1",
            console_scripts=[_script(line) for line in _items(fields[6])],
            gui_scripts=[_script(line) for line in _items(fields[7])],
            root_directories=_items(fields[8]),
            root_paths=_items(fields[9]),
            root_rows=fields[10],
            other_files=[_other_file(line) for line in _items(fields[11])],
            sizes=fields[12],
            warnings=_items(fields[13]),
        )


def _lines(items: Iterable[str]) -> str:
    return "\n".join(items)


def _items(field: str) -> list[str]:
    return field.split("\n") if field else []


def _numbers(field: str) -> list[int]:
    return list(map(int, _items(field)))


def _script(line: str) -> tuple[str, str, str]:
    name, module, attribute = line.split("\r")
    return name, module, attribute


def _other_file(line: str) -> tuple[str, str, str, bool]:
    key, path, row, rewrite = line.split("\r")
    return key, path, row, rewrite == "1"
