"""Starts commands and measures each: a child process of its own, so that its small size is not counted as theirs.

Linux adds the memory that a process had before `exec` to its peak, and that is what it inherited from its parent.
This module is run as a script (``python -I -S launch.py``) and imports next to nothing: one JSON request a line in,
``{"command", "environment", "directory", "output"}``; one JSON answer a line out.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def measure(command: list[str], environment: Mapping[str, str], directory: str, output: str) -> dict[str, int | float]:
    """Run ``command`` with both streams in the file ``output``; return exit code, seconds and peak memory.

    Processor time includes that of the child's own children, as far as it waited for them.
    """
    os.chdir(directory)
    opened = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, opened, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, environment, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - started
    return {
        "exit_code": os.waitstatus_to_exitcode(status),
        "wall_seconds": wall,
        "user_seconds": usage.ru_utime,
        "system_seconds": usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        answer = measure(**json.loads(line))
        os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
