"""What interpreters said about themselves, remembered; and what one that was never asked would say. Lean.

Asking costs the start of an interpreter, 25 ms. A virtual environment that was just made, as in a CI job, was never
asked; but another one of the same base interpreter was, with the same `pyvenv.cfg`, and the two answers differ in their
prefix only, as long as nothing in either runs code at start (`.pth` files, `sitecustomize`). So such answers are kept
under what they have in common, and moved to the prefix in question.
"""

from __future__ import annotations

import os
import sys

from asyncpip.core.lean_json import parse_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from asyncpip.core.ports import RecordStore
    from asyncpip.environment.target import InterpreterFacts

BUCKET = "interpreters-v3"
_PATH_VARIABLES = ("HOME", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONUSERBASE")
"""Environment variables that change `sys.path` or the schemes."""
_RUN_AT_START = ("sitecustomize", "usercustomize", "_manylinux")
_MAKERS_NOTES = ("command", "prompt")
"""Keys of `pyvenv.cfg` that decide nothing."""
_CONFIGURATION = "pyvenv.cfg"


def remembered_facts(interpreter: str, environ: Mapping[str, str], records: RecordStore) -> InterpreterFacts | None:
    """Return what the interpreter at an absolute path says about itself, if that is known and nothing has changed."""
    base = _Base.of(interpreter)
    if base is not None:
        facts = _read(records, base.key, _common_fingerprint(interpreter, environ))
        if facts is not None and (moved := base.move(facts)) is not None:
            return moved
    facts = _read(records, interpreter, None)
    if facts is None:
        return None
    fingerprint = _fingerprint(interpreter, facts["site_directories"], environ)
    return _read(records, interpreter, fingerprint)


def keep_facts(
    interpreter: str, facts: InterpreterFacts, text: str, environ: Mapping[str, str], records: RecordStore
) -> None:
    """Remember ``facts``, which ``text`` is as one line of JSON."""
    # A shim that starts another interpreter (pyenv) chooses anew each time: nothing to remember.
    if os.path.realpath(facts["executable"]) != os.path.realpath(interpreter):
        return
    base = _Base.of(interpreter)
    if base is not None and base.fits(facts):
        key, fingerprint = base.key, _common_fingerprint(interpreter, environ)
    else:
        key, fingerprint = interpreter, _fingerprint(interpreter, facts["site_directories"], environ)
    records.write_record(BUCKET, key, f"{fingerprint}\n{text}".encode())


def _read(records: RecordStore, key: str, fingerprint: str | None) -> InterpreterFacts | None:
    """Return the facts at ``key``; None where there are none, or they rest on something else than ``fingerprint``."""
    try:
        kept, _, text = (records.read_record(BUCKET, key) or b"").decode().partition("\n")
        if fingerprint not in (None, kept):
            return None
        facts: InterpreterFacts = parse_json(text)
        _ = facts["site_directories"] + facts["scheme"]["purelib"].split()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None  # a record that does not parse is a miss
    return facts


class _Base:
    """What a virtual environment has in common with others of its kind."""

    __slots__ = ("interpreter", "key", "prefix")

    def __init__(self, interpreter: str, key: str) -> None:
        self.interpreter = interpreter
        self.prefix = os.path.dirname(os.path.dirname(interpreter))
        self.key = key

    @classmethod
    def of(cls, interpreter: str) -> _Base | None:
        """Return what the virtual environment of ``interpreter`` has in common; None where that is none, or odd."""
        directory, name = os.path.split(interpreter)
        try:
            with open(os.path.join(os.path.dirname(directory), _CONFIGURATION), encoding="utf-8") as reading:
                lines = reading.read().splitlines()
        except (OSError, ValueError):
            return None
        real = os.path.realpath(interpreter)
        pairs = sorted("=".join(part.strip() for part in line.partition("=")[::2]) for line in lines if "=" in line)
        deciding = [pair for pair in pairs if pair.partition("=")[0] not in _MAKERS_NOTES]
        if os.path.dirname(real) == directory or "include-system-site-packages=false" not in deciding:
            return None
        return cls(interpreter, "\0".join((real, os.path.basename(directory), name, *deciding)))

    def fits(self, facts: InterpreterFacts) -> bool:
        """Return whether ``facts`` are those of a virtual environment at `prefix` that runs nothing at its start."""
        return (
            facts["executable"] == self.interpreter
            and facts["prefix"] == self.prefix != facts["base_prefix"]
            and not facts["include_system_site"]
            and not facts["user_site_enabled"]
            and facts["scheme"]["purelib"] in facts["sys_path"]  # else it was not there when the interpreter started
            and all(_is_quiet(directory) for directory in facts["site_directories"])
        )

    def move(self, facts: InterpreterFacts) -> InterpreterFacts | None:
        """Return ``facts`` as they are for this environment; None where it may differ in more than its prefix."""
        moved: InterpreterFacts = _moved(facts, facts["prefix"], self.prefix)
        exists = os.path.isdir(moved["scheme"]["purelib"])
        return moved if exists and self.fits(moved) else None


def _moved(value: Any, old: str, new: str) -> Any:
    """Return ``value`` with ``old`` replaced by ``new`` wherever a text is that path or one below it."""
    if isinstance(value, str):
        return new + value[len(old) :] if value == old or value.startswith(old + os.sep) else value
    if isinstance(value, list):
        return [_moved(each, old, new) for each in value]
    if isinstance(value, dict):
        return {key: _moved(each, old, new) for key, each in value.items()}
    return value


def _is_quiet(directory: str) -> bool:
    """Return whether nothing in a site directory runs, or is asked, when its interpreter starts."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return not any(name.endswith(".pth") or name.startswith(_RUN_AT_START) for name in names)


def _common_fingerprint(interpreter: str, environ: Mapping[str, str]) -> str:
    """Return what an answer rests on, beside the prefix: the interpreter's file, variables and machine."""
    real = os.path.realpath(interpreter)
    return repr([real, _stamp(real), _variables(environ), _machine()])


def _fingerprint(interpreter: str, site_directories: list[str], environ: Mapping[str, str]) -> str:
    """Return what an answer rests on, in one line: also its configuration and its `.pth` files."""
    directory = os.path.dirname(interpreter)
    configurations = [os.path.join(place, _CONFIGURATION) for place in (directory, os.path.dirname(directory))]
    return repr(
        [
            _common_fingerprint(interpreter, environ),
            [_stamp(path) for path in configurations],
            [(place, _pth_files(place)) for place in site_directories],
        ]
    )


def _variables(environ: Mapping[str, str]) -> list[str | None]:
    return [environ.get(name) for name in _PATH_VARIABLES]


def _stamp(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_size)


def _pth_files(directory: str) -> list[tuple[object, ...]] | None:
    """Return names and stamps of a directory's `.pth` files, which may add to `sys.path`; None where there is none."""
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".pth"))
    except OSError:
        return None
    return [(name, *_stamp(os.path.join(directory, name))) for name in names]


def _machine() -> list[str]:
    """Return what tells the machine: a path may be read on another one (CI caches), or after an update of libc."""
    if sys.platform == "win32":
        return [str(sys.getwindowsversion().build)]
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        libc = None
    return [*os.uname()[2:], libc or ""]
