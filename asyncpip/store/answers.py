"""Whole answers remembered: what a command line printed, while everything that it looked at is as it was. Lean.

The first door of a run: most installs of a CI job find nothing to do, and their answer depends on a few inputs only:
the command line, some environment variables, and files and directories whose stamps are kept with the answer. Where all
are the same, so is the answer, and nothing has to be parsed. The key is a hash: no secret of a command line gets here.
"""

from __future__ import annotations

import os
import sys

from asyncpip.store import layout
from asyncpip.store.sealed import unseal
from asyncpip.store.store import Store, process_umask, read_file
from asyncpip.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Transcript = Sequence[tuple[bool, str]]
    """What was written, in order: whether to stderr, and the text."""

_BUCKET = "answers-v2"
_PREFIXES = ("PIP_", "ASYNCPIP_", "PYTHON", "XDG_", "LC_", "CI", "BUILD")
_VARIABLES = (
    "HOME", "LANG", "PATH", "VIRTUAL_ENV", "ENSUREPIP_OPTIONS", "SOURCE_DATE_EPOCH", "NO_COLOR", "FORCE_COLOR", "TERM",
    "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERPROFILE", "PYENV_VERSION", "TMPDIR",
)  # fmt: skip
"""With those of the prefixes above, all variables that decide what a run that sends nothing prints."""
_QUIET_NANOSECONDS = 20_000_000
"""What changed less than this before the run started may have changed again within one tick of the file system's
clock: such an answer is not kept."""


def cache_directory(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Return the cache directory as far as it can be told without reading configuration; None where it cannot.

    An answer is kept only where the settings come to the same.
    """
    value: str | None = environ.get("ASYNCPIP_CACHE_DIR") or environ.get("PIP_CACHE_DIR")
    for index, argument in enumerate(argv):
        if argument.startswith("--cache-dir="):
            value = argument[len("--cache-dir=") :]
        elif argument == "--cache-dir" and index + 1 < len(argv):
            value = argv[index + 1]
    if value:
        return os.path.abspath(os.path.expanduser(value))
    if sys.platform in ("win32", "darwin"):
        return None
    home = environ.get("XDG_CACHE_HOME", "")
    return os.path.join(home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "pip")


def read_answer(argv: Sequence[str], environ: Mapping[str, str]) -> Transcript | None:
    """Return what ``argv`` would print, if that is known and nothing changed since; then its exit code is 0."""
    directory = cache_directory(argv, environ)
    if directory is None:
        return None
    key = _key(argv, environ)
    body = unseal(read_file(os.path.join(directory, layout.SUBFOLDER, layout.record_path(_BUCKET, key))), key)
    if body is None:
        return None
    watched, _, transcript = body.decode("utf-8", "surrogateescape").partition("\0\0")
    entries = watched.split("\0")
    for place, stamp in zip(entries[::2], entries[1::2], strict=False):
        if _stamp(place)[0] != stamp:
            return None
    parts = transcript.split("\0")
    return [(kind == "2", text) for kind, text in zip(parts[::2], parts[1::2], strict=False)]


def keep_answer(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    cache_dir: str | None,
    watched: Iterable[str],
    transcript: Transcript,
    started_nanoseconds: int,
) -> None:
    """Remember the ``transcript`` of a run that ended with 0; ``watched`` are all paths that it looked at.

    ``started_nanoseconds`` is the wall clock before the first of them was read.
    """
    if cache_dir is None or cache_dir != cache_directory(argv, environ) or any("\0" in text for _, text in transcript):
        return
    entries: list[str] = []
    for place in dict.fromkeys(watched):
        stamp, changed = _stamp(place)
        if changed > started_nanoseconds - _QUIET_NANOSECONDS:
            return
        entries += (place, stamp)
    parts = [item for is_error, text in transcript for item in ("2" if is_error else "1", text)]
    body = ("\0".join(entries) + "\0\0" + "\0".join(parts)).encode("utf-8", "surrogateescape")
    store = Store(os.path.join(cache_dir, layout.SUBFOLDER), umask=process_umask())
    store.write_record(_BUCKET, _key(argv, environ), body)


def _key(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    variables = [
        f"{name}={value}" for name, value in environ.items() if name in _VARIABLES or name.startswith(_PREFIXES)
    ]
    inputs = [VERSION, sys.executable, sys.prefix, os.getcwd(), _is_terminal(1), _is_terminal(2), *sorted(variables)]
    return "\0".join([*inputs, "\0", *argv])


def _is_terminal(descriptor: int) -> str:
    try:
        return "terminal" if os.isatty(descriptor) else "file"
    except OSError:
        return "closed"


def _stamp(path: str) -> tuple[str, int]:
    """Return a text that changes with the file or directory, and when it last did (0 where there is none)."""
    try:
        info = os.stat(path)
    except OSError:
        return "-", 0
    return (
        f"{info.st_mtime_ns}.{info.st_ctime_ns}.{info.st_size}.{info.st_ino}.{info.st_dev}",
        max(info.st_mtime_ns, info.st_ctime_ns),
    )
