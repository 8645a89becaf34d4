"""The console script. Its first door is here: an answer that is known already is printed without importing more.

No garbage collection: a run makes millions of objects that live to its end, and looking through them costs 10 % of it.
No interpreter shutdown either, which would free each of them: all threads have ended by then.
"""

from __future__ import annotations

import gc
import os
import sys

from asyncpip.store.answers import read_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_STDERR = 2


def run() -> NoReturn:
    """Run the command line of this process and end it."""
    gc.disable()
    try:
        open_standard_streams()
        code = main(sys.argv[1:], quickens_imports=True)
    except KeyboardInterrupt:  # while the command line is still imported, or when it has ended
        os.write(_STDERR, b"ERROR: Operation cancelled by user\n")
        os._exit(1)
    for stream in (sys.stdout, sys.stderr):  # noqa: TID251 - nothing is written, only what is held back let go
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue  # the printer has told of a stream that takes nothing any more
    os._exit(code)


def open_standard_streams() -> None:
    """Lead standard streams that are closed nowhere.

    Else the next file that is opened would be stdout to every child process, and libuv ends a process that has a loop
    on such a descriptor. For Python they stay closed: `sys.stdout` is None.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= _STDERR:
        os.set_inheritable(descriptor, True)
        descriptor = os.dup(descriptor)
    os.close(descriptor)


def main(argv: Sequence[str], *, quickens_imports: bool = False) -> int:
    """Return the exit code of ``argv``; ``quickens_imports`` is for a process of the program's own."""
    if "install" in argv and _print_known_answer(argv):
        return 0
    if "PIP_AUTO_COMPLETE" in os.environ and _print_completions():
        return 1
    if quickens_imports:
        from asyncpip.cli.quick_imports import quicken_imports  # noqa: PLC0415 - as below

        quicken_imports()
    from asyncpip.cli.main import main as run_command_line  # noqa: PLC0415 - behind the door

    return run_command_line(argv)


def _print_completions() -> bool:
    """Print what the shell asks for; return whether it asks for something."""
    from asyncpip.cli.completion import requested_completions  # noqa: PLC0415 - no run of a command needs it

    found = requested_completions(os.environ)
    if found:
        os.write(1, ("\n".join(found) + "\n").encode("utf-8", "surrogateescape"))
    return found is not None


def _print_known_answer(argv: Sequence[str]) -> bool:
    """Print what is known to be the answer; return whether it is."""
    try:
        transcript = read_answer(argv, os.environ)
    except FileNotFoundError:
        return False  # the working directory is gone, which the command line tells of
    if transcript is None:
        return False
    try:
        for is_error, text in transcript:
            os.write(2 if is_error else 1, text.encode("utf-8", "surrogateescape"))
    except OSError:
        os._exit(120)  # pip's exit code for a stdout that was closed early
    return True
