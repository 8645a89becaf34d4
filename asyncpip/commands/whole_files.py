"""Text files that are written as a whole or not at all. Lean."""

from __future__ import annotations

import os
from contextlib import suppress


def write_whole(path: str, text: str, *, encoding: str | None = None) -> None:
    """Put ``text`` into the file ``path``; a link stays one, owner and mode stay. Raises `OSError`, `UnicodeError`.

    What is no file (a terminal, a pipe) is written to as it is. ``encoding`` None is the locale's.
    """
    final = os.path.realpath(path)
    if os.path.exists(final) and not os.path.isfile(final):
        with open(final, "w", encoding=encoding, newline="") as stream:
            stream.write(text)
        return
    aside = f"{final}.{os.getpid()}.part"
    try:
        with open(aside, "x", encoding=encoding, newline="") as stream:
            stream.write(text)
        with suppress(OSError):
            status = os.stat(final)
            os.chmod(aside, status.st_mode & 0o7777)
            os.chown(aside, status.st_uid, status.st_gid)
        os.replace(aside, final)
    except PermissionError:  # a file in a directory of somebody else's
        with open(final, "w", encoding=encoding, newline="") as stream:
            stream.write(text)
    finally:
        with suppress(OSError):
            os.unlink(aside)
