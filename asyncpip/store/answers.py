"""Whole answers remembered: what a command line printed, while everything that it looked at is as it was. Lean.

The first door of a run: most installs of a CI job find nothing to do, and their answer depends on a few inputs only:
the command line, some environment variables, and files and directories whose stamps are kept with the answer. Where all
are the same, so is the answer, and nothing has to be parsed. The key is a hash: no secret of a command line gets here.
"""

from __future__ import annotations

import os
import sys
import time

from asyncpip.store import layout
from asyncpip.store.sealed import unseal
from asyncpip.store.store import Store, process_umask, read_file
from asyncpip.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Transcript = Sequence[tuple[bool, str]]
    """What was written, in order: whether to stderr, and the text."""

_BUCKET = "answers-v3"
_PREFIXES = ("PIP_", "ASYNCPIP_", "PYTHON", "XDG_", "LC_", "CI", "BUILD")
_VARIABLES = (
    "HOME", "LANG", "PATH", "VIRTUAL_ENV", "ENSUREPIP_OPTIONS", "SOURCE_DATE_EPOCH", "NO_COLOR", "FORCE_COLOR", "TERM",
    "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "USERPROFILE", "PYENV_VERSION", "TMPDIR",
)  # fmt: skip
"""With those of the prefixes above, all variables that decide what a run that sends nothing prints."""
_QUIET_NANOSECONDS = 20_000_000
"""What changed less than this before the run started may have changed again within one tick of the file system's
clock: such an answer is not kept."""


class RestsOn:
    """All that the answer of a run rests on, beside its command line."""

    __slots__ = ("paths", "records", "still_holds", "until_seconds")

    def __init__(
        self,
        paths: Iterable[str],
        *,
        until_seconds: float | None = None,
        records: Iterable[str] = (),
        still_holds: Callable[[], bool] = lambda: True,
    ) -> None:
        self.paths = tuple(paths)
        """Files and directories, there or not, that were as they are since before the run began."""
        self.until_seconds = until_seconds
        """When project pages that it looked at get stale, since the epoch; None where it looked at none."""
        self.records = tuple(records)
        """Files of the store that the run may have written; they are replaced, never changed."""
        self.still_holds = still_holds
        """Whether ``records`` say what the run went by."""


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
    return None if directory is None else _read(os.path.join(directory, layout.SUBFOLDER), _key(argv, environ))


def keep_answer(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    cache_dir: str | None,
    rests_on: RestsOn,
    more_paths: Iterable[str],
    transcript: Transcript,
    started_nanoseconds: int,
) -> None:
    """Remember the ``transcript`` of a run that ended with 0; ``more_paths`` are what the settings rest on.

    ``started_nanoseconds`` is the wall clock before the first of all paths was read.
    """
    if cache_dir is None or cache_dir != cache_directory(argv, environ) or any("\0" in text for _, text in transcript):
        return
    if rests_on.until_seconds is not None and any(is_error for is_error, _ in transcript):
        return  # the network's troubles are not part of the answer
    store = Store(os.path.join(cache_dir, layout.SUBFOLDER), umask=process_umask())
    paths = dict.fromkeys((*more_paths, *rests_on.paths))
    _write(store, _key(argv, environ), rests_on, paths, transcript, started_nanoseconds)


def read_lines(store: Store, question: str) -> Sequence[str] | None:
    """Return what was told for ``question``, which holds all that this rests on but pages and paths."""
    found = _read(store.root, _key_of_question(question))
    return None if found is None else [text for _, text in found]


def keep_lines(
    store: Store, question: str, *, rests_on: RestsOn, lines: Iterable[str], started_nanoseconds: int
) -> None:
    """Remember what is to be told for ``question``."""
    told = [(False, line) for line in lines]
    _write(store, _key_of_question(question), rests_on, rests_on.paths, told, started_nanoseconds)


def _read(root: str, key: str) -> Transcript | None:
    body = unseal(read_file(os.path.join(root, layout.record_path(_BUCKET, key))), key)
    if body is None:
        return None
    lifetime, watched, transcript = body.decode("utf-8", "surrogateescape").split("\0\0", 2)
    if lifetime and not _is_alive(lifetime):
        return None
    entries = watched.split("\0")
    for place, stamp in zip(entries[::2], entries[1::2], strict=False):
        if _stamp(place)[0] != stamp:
            return None
    parts = transcript.split("\0")
    return [(kind == "2", text) for kind, text in zip(parts[::2], parts[1::2], strict=False)]


def _write(
    store: Store,
    key: str,
    rests_on: RestsOn,
    paths: Iterable[str],
    transcript: Transcript,
    started_nanoseconds: int,
) -> None:
    lifetime = ""
    if rests_on.until_seconds is not None:
        now = time.time()
        if now >= rests_on.until_seconds:
            return
        lifetime = f"{now!r} {rests_on.until_seconds!r}"
    entries: list[str] = []
    for place in paths:
        stamp, changed = _stamp(place)
        if changed > started_nanoseconds - _QUIET_NANOSECONDS:
            return
        entries += (place, stamp)
    for place in rests_on.records:
        entries += (place, _stamp(place)[0])
    if not rests_on.still_holds():  # after their stamps were taken
        return
    parts = [item for is_error, text in transcript for item in ("2" if is_error else "1", text)]
    body = "\0\0".join((lifetime, "\0".join(entries), "\0".join(parts))).encode("utf-8", "surrogateescape")
    store.write_record(_BUCKET, key, body)


def _key_of_question(question: str) -> str:
    return f"question\0{question}"


def _is_alive(lifetime: str) -> bool:
    """Return whether it is between two moments now; before the first the clock was set back."""
    since, until = map(float, lifetime.split(" "))
    return since <= time.time() < until


def _key(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    variables = [
        f"{name}={value}" for name, value in environ.items() if name in _VARIABLES or name.startswith(_PREFIXES)
    ]
    inputs = [VERSION, sys.executable, sys.prefix, os.getcwd(), _is_terminal(1), _is_terminal(2), *_machine()]
    inputs += sorted(variables)
    return "\0".join([*inputs, "\0", *argv])


def _machine() -> tuple[str, ...]:
    """Return what markers may ask about beside the interpreter: the kernel, the processor."""
    if sys.platform == "win32":
        return ()
    info = os.uname()
    return info.sysname, info.release, info.version, info.machine


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
