"""`asyncpip install`. Two doors before anything heavy: is the answer remembered; else is there anything to do?"""

from __future__ import annotations

from asyncpip.commands.install_start import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    start = Start(context)
    if start.question is not None:
        from asyncpip.commands.install_remembered import install_remembered  # noqa: PLC0415 - links and locks

        code = install_remembered(start)
        if code is not None:
            return code
    from asyncpip.commands.install_run import run_install  # noqa: PLC0415 - loads `packaging`, 45 ms

    return run_install(start)
