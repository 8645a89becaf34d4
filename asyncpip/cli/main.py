"""argv to exit code: parse, load settings, run the command. The only place where an error becomes text."""

from __future__ import annotations

import importlib
import os
import sys
import time

from asyncpip.cli.parser import CommandLineError, find_command, parse
from asyncpip.cli.printer import discard_stdout, open_printer, stderr_color, wants_color
from asyncpip.cli.settings import load_settings
from asyncpip.cli.termination import Termination
from asyncpip.commands.context import CommandContext
from asyncpip.core.events import Level, Message
from asyncpip.environment.choice import site_prefix
from asyncpip.errors import (
    EXIT_BROKEN_STDOUT,
    EXIT_ERROR,
    EXIT_OK,
    EXIT_USAGE,
    AsyncpipError,
    CommandError,
    MissingArgumentsError,
)
from asyncpip.store.answers import RestsOn, keep_answer
from asyncpip.version import VERSION

TYPE_CHECKING = False  # `typing` costs half of a bare interpreter's start
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.cli.parser import ParsedCommand
    from asyncpip.cli.printer import Display, Printer
    from asyncpip.cli.settings import Settings

    Command = Callable[[CommandContext], int]

_REPORT = "This is a bug in asyncpip. Please report it, with the command line and what stands above."
_DEBUG_VERBOSITY = 2


def load_command(name: str) -> Command:
    """Return `run` of the command's module, which is imported only now."""
    command: Command = importlib.import_module(f"asyncpip.commands.{name}").run
    return command


def main(argv: Sequence[str], load: Callable[[str], Command] = load_command) -> int:
    """Run ``argv``, without the program's name, and return the exit code; ``load`` finds a command by its name."""
    started = time.monotonic()
    prog = program_name(sys.argv[0], sys.executable)
    printer = open_printer(os.environ)
    termination = Termination()
    try:
        code = _run(argv, prog, printer, load, started)
    except (CommandLineError, MissingArgumentsError) as error:
        from asyncpip.cli.help import usage_text  # noqa: PLC0415 - only help and errors need it

        spec = error.spec if isinstance(error, CommandLineError) else find_command(error.command)
        printer.show_usage_error(error, usage_text(spec, prog))
        code = error.exit_code
    except AsyncpipError as error:
        printer.show_error(error)
        printer.show_traceback(Level.DEBUG, "Exception information:")
        code = error.exit_code
    except KeyboardInterrupt:
        printer.emit(Message(Level.CRITICAL, termination.text()))
        printer.show_traceback(Level.DEBUG, "Exception information:")
        code = EXIT_ERROR
    except Exception:  # noqa: BLE001 - what nobody expected is a bug of ours, and its traceback is all we can give
        printer.show_traceback(Level.CRITICAL, "Exception:", _REPORT)
        code = EXIT_USAGE
    code = _finish(printer, code)
    termination.end()
    return code


def program_name(called: str, executable: str) -> str:
    """Return how the program was called, for usage lines; ``called`` is `sys.argv[0]`."""
    name = os.path.basename(called)
    return f"{executable} -m asyncpip" if name in ("__main__.py", "-c", "") else name


def _run(argv: Sequence[str], prog: str, printer: Printer, load: Callable[[str], Command], started: float) -> int:
    """Print a page or run a command; return the exit code."""
    parsed = parse(argv)
    page = _page(parsed, prog)
    if page is not None:
        printer.write_stdout(page)
        return EXIT_OK
    try:
        os.getcwd()
    except OSError as error:
        raise CommandError(
            "the working directory does not exist any more", why=str(error), hint="change to another directory"
        ) from error
    home = os.path.expanduser("~")
    settings, notices = load_settings(
        parsed, os.environ, home=home, prefix=site_prefix(_python(parsed), os.environ), platform=sys.platform
    )
    printer.configure(
        verbosity=_DEBUG_VERBOSITY if settings.flag("debug") else settings.number("verbose") - settings.number("quiet"),
        color=stderr_color(os.environ, no_color=settings.flag("no_color")),
        log_path=settings.text("log"),
    )
    for level, text in notices:
        printer.emit(Message(Level(level), text))
    _attach_display(parsed, settings, printer, started)
    remembered: list[RestsOn] = []
    started_nanoseconds = time.time_ns()
    code = load(settings.command)(_context(parsed, settings, printer, prog, remembered.append))
    if remembered and code == EXIT_OK and printer.transcript is not None and settings.text("log") is None:
        keep_answer(
            argv,
            os.environ,
            cache_dir=settings.text("cache_dir"),
            rests_on=remembered[-1],
            more_paths=settings.files,
            transcript=printer.transcript,
            started_nanoseconds=started_nanoseconds,
        )
    return code


def _python(parsed: ParsedCommand) -> str | None:
    """Return the value of `--python` as far as it stands in no file."""
    python = parsed.values.get("python") or os.environ.get("ASYNCPIP_PYTHON") or os.environ.get("PIP_PYTHON")
    return python if isinstance(python, str) and python else None


def _attach_display(parsed: ParsedCommand, settings: Settings, printer: Printer, started: float) -> None:
    """Let the printer have a display where progress may be shown; nothing is imported before there is some."""
    if parsed.spec is None or all(option.dest != "progress_bar" for option in parsed.spec.options):
        return
    mode = settings.text("progress_bar") or "auto"
    if printer.level > Level.INFO or mode == "off" or (mode == "auto" and not printer.stdout_is_terminal):
        return

    def make() -> Display | None:
        from asyncpip.cli.progress import open_display  # noqa: PLC0415 - see above

        color = wants_color(os.environ, is_terminal=printer.stdout_is_terminal, no_color=settings.flag("no_color"))
        return open_display(mode, printer, environ=os.environ, color=color, started=started)

    printer.attach(make)


def _context(
    parsed: ParsedCommand, settings: Settings, printer: Printer, prog: str, remember: Callable[[RestsOn], None]
) -> CommandContext:
    """Return what the command gets."""
    environ = dict(os.environ)
    allowed = not settings.flag("no_input")
    if not allowed:
        environ["PIP_NO_INPUT"] = "1"
    if settings.texts("exists_actions"):
        environ["PIP_EXISTS_ACTION"] = " ".join(settings.texts("exists_actions"))
    return CommandContext(
        settings=settings,
        arguments=tuple(parsed.arguments),
        reporter=printer,
        write_stdout=printer.write_stdout,
        prompt=lambda question: printer.ask(question, read_line=_read_line, allowed=allowed),
        environ=environ,
        prog=prog,
        remember=remember,
    )


def _read_line() -> str:
    """Return a line from stdin; empty at its end, or where there is none."""
    return sys.stdin.readline() if sys.stdin is not None else ""


def _page(parsed: ParsedCommand, prog: str) -> str | None:
    """Return the text that is wanted instead of a run: version or help."""
    if parsed.version_wanted:
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        return f"asyncpip {VERSION} from {package} (python {sys.version_info.major}.{sys.version_info.minor})\n"
    spec = parsed.spec
    if spec is not None and spec.name == "help" and not parsed.help_wanted:
        spec = find_command(parsed.arguments[0]) if parsed.arguments else None
    elif spec is not None and not parsed.help_wanted:
        return None
    import shutil  # noqa: PLC0415 - only a help page needs these two

    from asyncpip.cli.help import command_help, main_help  # noqa: PLC0415

    width = shutil.get_terminal_size().columns - 2
    return main_help(prog, width) if spec is None else command_help(spec, prog, width)


def _finish(printer: Printer, code: int) -> int:
    """Close the printer and return the exit code: 120 where all went well, but stdout would not take the results."""
    printer.close(ok=code == EXIT_OK)
    if printer.stdout_problem is None:
        return code
    printer.write_stderr(f"ERROR: {printer.stdout_problem}\n")
    discard_stdout()
    return code or EXIT_BROKEN_STDOUT
