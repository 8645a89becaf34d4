from __future__ import annotations

import ast
import inspect
import struct
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.markers import default_environment

from asyncpip.environment import probe

if TYPE_CHECKING:
    from pathlib import Path


def test_text_is_fit_to_be_fed_to_an_old_interpreter() -> None:
    source = inspect.getsource(probe)
    assert source.isascii()
    ast.parse(source, feature_version=(3, 8))


def test_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(inspect.getsource(probe))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_markers_are_those_of_packaging() -> None:
    assert probe.collect([])["markers"] == default_environment()


def test_path_is_kept_in_order_once_each() -> None:
    assert probe.collect(["/b", "", "/a", "/b"])["sys_path"] == ["/b", "/a"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("2.36", [2, 36]), ("2.20-2014.11", [2, 20]), ("1.2.3", [1, 2]), ("2", None), ("x.y", None), ("", None)],
)
def test_two_numbers(text: str, numbers: list[int] | None) -> None:
    assert probe._two_numbers(text) == numbers


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_elf_names_its_loader(tmp_path: Path, bits: int, order: str) -> None:
    loader = b"/lib/ld-musl-x86_64.so.1\0"
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2]) + bytes(10)
    layout, entry = ("HHIIIIIHHH", "IIIIIIII") if bits == 32 else ("HHIQQQIHHH", "IIQQQQQQ")
    start = 16 + struct.calcsize(order + layout)
    size = struct.calcsize(order + entry)
    at = start + 2 * size
    header = struct.pack(order + layout, 2, 40, 1, 0, start, 0, 0x05000400, 0, size, 2)
    other = struct.pack(order + entry, 1, 0, 0, 0, 0, 0, 0, 0)
    fields = (3, at, 0, 0, len(loader), 0, 0, 0) if bits == 32 else (3, 0, at, 0, 0, len(loader), 0, 0)
    path = tmp_path / "python"
    path.write_bytes(ident + header + other + struct.pack(order + entry, *fields) + loader)
    assert probe._elf(str(path)) == ([bits // 32, ident[5], 40, 0x05000400], "/lib/ld-musl-x86_64.so.1")
    path.write_bytes(ident + header + other + other)
    assert probe._elf(str(path)) == ([bits // 32, ident[5], 40, 0x05000400], None)


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(20)])
def test_no_elf_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "python"
    path.write_bytes(data)
    assert probe._elf(str(path)) == (None, None)
    assert probe._elf(str(tmp_path / "missing")) == (None, None)


def test_musl_version_is_what_its_loader_prints(tmp_path: Path) -> None:
    loader = tmp_path / "ld-musl-x86_64.so.1"
    loader.write_text(
        "#!/bin/sh\nprintf 'musl libc (x86_64)\\nVersion 1.2.4\\nDynamic Program Loader\\n' >&2\nexit 1\n"
    )
    loader.chmod(0o755)
    assert probe._musl(str(loader)) == [1, 2]
    loader.write_text("#!/bin/sh\necho other >&2\n")
    assert probe._musl(str(loader)) is None
    assert probe._musl("/lib64/ld-linux-x86-64.so.2") is None
    assert probe._musl(None) is None
