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
        code = _repeat(start)
        if code is not None:
            return code
    from asyncpip.commands.install_run import run_install  # noqa: PLC0415 - loads `packaging`, 45 ms

    return run_install(start)


def _repeat(start: Start) -> int | None:
    """Do what was done before for the same question; return None where that is not known."""
    if start.context.settings.flag("dry_run"):
        from asyncpip.commands.known_dry_run import tell_known_dry_run  # noqa: PLC0415 - rarer than the other

        return tell_known_dry_run(start)
    from asyncpip.commands.install_remembered import install_remembered  # noqa: PLC0415 - links and locks

    return install_remembered(start)
