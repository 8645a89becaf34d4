"""Entry points and scripts: ``entry_points.txt`` parsed, and the bytes of what goes to the scripts directory.

The texts are byte for byte those that pip 26.3 writes on POSIX (entry points specification, "Use for scripts").
Windows launchers are not provided yet: there, making a wrapper raises `InstallError`.
"""

from __future__ import annotations

import os
import sys

from asyncpip.errors import InstallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    Script = tuple[str, str, str]
    """Name, module and attribute (``pkg.cli``, ``App.main``)."""

MAX_SHEBANG_BYTES = 512 if sys.platform == "darwin" else 127
"""With ``#!`` and line end; the limits that pip goes by. Linux cut longer lines at 127 until 5.1."""
_WRAPPER = """\
import sys
from {module} import {imported}
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit({attribute}())
"""


def parse_entry_points(text: str) -> tuple[tuple[Script, ...], tuple[Script, ...]]:
    """Return console and GUI scripts of an ``entry_points.txt``; raise `ValueError` naming line and fault."""
    groups: dict[str, dict[str, Script]] = {"console_scripts": {}, "gui_scripts": {}}
    for number, section, line in _section_lines(text):
        if section not in groups:
            continue
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"line {number}: {line!r} has no `=`")
        if not stays_inside(name):
            raise ValueError(f"line {number}: the script {name!r} would be installed outside of the scripts directory")
        groups[section][name] = (name, *_object_reference(number, value))
    return tuple(groups["console_scripts"].values()), tuple(groups["gui_scripts"].values())


def entry_point_names(text: str) -> list[tuple[str, bool]]:
    """Return the names of all scripts, each with whether it is a GUI one, as removing needs them; never raises."""
    return [
        (name, section == "gui_scripts")
        for _, section, line in _section_lines(text)
        if section in ("console_scripts", "gui_scripts") and stays_inside(name := line.partition("=")[0].strip())
    ]


def stays_inside(name: str) -> bool:
    """Return whether a script of that name lies inside the scripts directory."""
    if not name or name.startswith("/") or any(sign in name for sign in "\\\0\r\n") or name[1:2] == ":":
        return False
    depth = 0
    for part in name.split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return False
    return depth > 0 and not name.endswith(("/", "/.", "/.."))


def console_script_variants(
    scripts: Sequence[Script], python_version: str, ensurepip_options: str | None = None
) -> list[Script]:
    """Return ``scripts`` with pip's own (and easy_install's) versioned names made for ``python_version``.

    ``python_version`` is ``3.11``; ``ensurepip_options`` the variable ENSUREPIP_OPTIONS, None where unset: then the
    plain names are made, ``altinstall`` gives ``pip3.11`` alone, all else ``pip3`` too.
    """
    if not any(name in ("pip", "easy_install") for name, _, _ in scripts):
        return list(scripts)
    made: list[Script] = []
    left = list(scripts)
    major = python_version.partition(".")[0]
    for name, dash in (("pip", ""), ("easy_install", "-")):
        own = next((script for script in left if script[0] == name), None)
        if own is None:
            continue
        names = [f"{name}{dash}{python_version}"]
        if name == "pip" and ensurepip_options != "altinstall":
            names.insert(0, name + major)
        if ensurepip_options is None:
            names.insert(0, name)
        made += [(variant, *own[1:]) for variant in names]
        left = [script for script in left if not _is_versioned(script[0], name + dash) and script[0] != name]
    return made + left


def wrapper_script(
    name: str,
    module: str,
    attribute: str,
    executable: str,
    *,
    gui: bool = False,
    executable_is_script: bool = False,
    windows: bool = os.name == "nt",
) -> bytes:
    """Return the script that calls ``attribute`` of ``module`` with the interpreter ``executable``.

    ``executable_is_script`` says that the interpreter itself starts with ``#!``, which the kernel does not nest.
    """
    if windows:
        raise InstallError(
            f"cannot make the {'GUI' if gui else 'console'} script {name}",
            why="entry points need a launcher program on Windows, and asyncpip has none yet",
        )
    text = _WRAPPER.format(module=module, imported=attribute.partition(".")[0], attribute=attribute)
    return _shebang(executable, executable_is_script=executable_is_script) + text.encode()


def fix_shebang(content: bytes, executable: str, *, executable_is_script: bool = False) -> bytes | None:
    """Return ``content`` with its first line ``#!python…`` naming ``executable``; None where it has no such line.

    Where the path is too long for a shebang or holds blanks, the line becomes the ``/bin/sh`` form of wrappers (pip
    writes the bare path there, which does not run).
    """
    if not content.startswith(b"#!python"):
        return None
    return _shebang(executable, executable_is_script=executable_is_script) + content.partition(b"\n")[2]


def is_generated_script(path: str, names: Collection[str]) -> bool:
    """Return whether a ``.data/scripts`` file is one that setuptools made for an entry point out of ``names``."""
    name = path.rpartition("/")[2]
    lower = name.lower()
    for suffix in (".exe", "-script.py", ".pya"):
        if lower.endswith(suffix):
            return name[: -len(suffix)] in names
    return name in names


def _section_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, section and stripped line for each entry of an INI text."""
    section = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]").strip()
        elif line and not line.startswith(("#", ";")):
            yield number, section, line


def _object_reference(number: int, value: str) -> tuple[str, str]:
    """Return module and attribute of ``module:attribute [extras]``."""
    module, colon, attribute = (part.strip() for part in value.partition("[")[0].partition(":"))
    if not colon or not attribute:
        raise ValueError(f"line {number}: {value.strip()!r} names no attribute; a script needs `module:attribute`")
    # pip reads as far as it understands: `module:main()` is `module:main`.
    end = 0
    while end < len(attribute) and (attribute[end].isalnum() or attribute[end] in "_."):
        end += 1
    if not _is_dotted(module) or not _is_dotted(attribute[:end]) or attribute[end : end + 1] == ":":
        raise ValueError(f"line {number}: {value.strip()!r} is not `module:attribute`")
    return module, attribute[:end]


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _is_versioned(name: str, prefix: str) -> bool:
    """Return whether ``name`` is ``prefix`` and a version like ``3`` or ``3.11``."""
    parts = name.removeprefix(prefix).split(".")
    return name.startswith(prefix) and len(parts) <= len(("major", "minor")) and all(map(str.isdecimal, parts))


def _shebang(executable: str, *, executable_is_script: bool) -> bytes:
    blank = any(sign in executable for sign in " \t")
    quoted = f'"{executable}"' if blank and not executable.startswith('"') else executable
    try:
        path = quoted.encode()
    except UnicodeEncodeError as error:
        raise InstallError(
            "cannot make scripts for this interpreter",
            why=f"its path {executable!r} is not valid UTF-8, which the first line of a script has to be",
        ) from error
    if not blank and not executable_is_script and len(path) + len(b"#!\n") <= MAX_SHEBANG_BYTES:
        return b"#!" + path + b"\n"
    return b"#!/bin/sh\n'''exec' " + path + b" \"$0\" \"$@\"\n' '''\n"
