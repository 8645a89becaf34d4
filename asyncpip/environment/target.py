"""Which interpreter is installed for, and what it says about itself (`cli-surface` section 5, "Interplay").

The running interpreter is asked in process. Another one is asked by a child once; its answer is kept as a record, which
is valid as long as nothing that it rests on has changed. Lean.
"""

from __future__ import annotations

import os
import sys

from asyncpip.core.lean_json import parse_json
from asyncpip.core.target import SchemePaths, TargetEnvironment
from asyncpip.core.values import Value
from asyncpip.environment.child import ChildProcess
from asyncpip.environment.choice import interpreter_below, runs_in_project_environment
from asyncpip.environment.interpreter_records import keep_facts, remembered_facts
from asyncpip.environment.tags import interpreter_tags
from asyncpip.errors import CommandError, TargetEnvironmentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypedDict

    from asyncpip.core.ports import RecordStore
    from asyncpip.environment.tags import PlatformFacts

    class InterpreterFacts(TypedDict):
        """What `probe.collect` returns."""

        executable: str
        version: list[int]
        nodot: str
        implementation: str
        cache_tag: str | None
        markers: dict[str, str]
        abis: list[str]
        platform: PlatformFacts
        prefix: str
        base_prefix: str
        stdlib: str
        sys_path: list[str]
        site_directories: list[str]
        scheme: dict[str, str]
        prefix_scheme: dict[str, str]
        home_scheme: dict[str, str]
        user_scheme: dict[str, str] | None
        user_site_enabled: bool
        include_system_site: bool


OLDEST_PYTHON = (3, 8)
PROBE_TIMEOUT_SECONDS = 60.0
"""An interpreter on a cold network disk takes seconds to start; one that hangs never answers."""

_PRELUDE = f"""\
import sys
if sys.version_info < {OLDEST_PYTHON}:
    sys.exit("too old: %d.%d.%d" % sys.version_info[:3])
if sys.path[:1] == [""]:
    del sys.path[0]
exec(compile(sys.stdin.read(), "probe", "exec"))
"""
"""Runs on any Python. `-c` puts the working directory first on the path, where a `json.py` could lie."""
_TOO_OLD = "too old: "
_KEYS = (
    "executable", "version", "nodot", "implementation", "cache_tag", "markers", "abis", "platform", "prefix",
    "base_prefix", "stdlib", "sys_path", "site_directories", "scheme", "prefix_scheme", "home_scheme", "user_scheme",
    "user_site_enabled", "include_system_site",
)  # fmt: skip
"""Those of `InterpreterFacts`."""


class SchemeTemplates(Value):
    """Where the target would put files below a directory still to be named."""

    prefix: SchemePaths
    """For `--prefix`. Both have `probe.BASE` in place of the directory."""
    home: SchemePaths
    """For `--target`, before its libraries move to the top."""


class TargetSelection(Value):
    """The interpreter that is installed for, and how it came to be that one."""

    target: TargetEnvironment
    templates: SchemeTemplates
    notice: str | None
    """What the user should know about the choice, for stderr."""


class Chosen:
    """The interpreter that is worked on, and how it came to be that one."""

    __slots__ = ("_facts", "is_running", "notice")

    def __init__(self, facts: InterpreterFacts | None, notice: str | None) -> None:
        self._facts = facts
        self.is_running = facts is None
        """Whether it is the one that runs this; what that one says costs 6 ms, for `sysconfig`."""
        self.notice = notice
        """What the user should know about the choice, for stderr."""

    @property
    def facts(self) -> InterpreterFacts:
        """What the interpreter says about itself."""
        if self._facts is None:
            self._facts = _running_facts()
        return self._facts


def _nothing() -> None:
    pass


def find_target(
    *,
    python: str | None,
    environ: Mapping[str, str],
    records: RecordStore | None,
    meanwhile: Callable[[], None] = _nothing,
) -> TargetSelection:
    """Return the target that `choose_interpreter` chooses."""
    chosen = choose_interpreter(python=python, environ=environ, records=records, meanwhile=meanwhile)
    return _selection(chosen.facts, notice=chosen.notice)


def choose_interpreter(
    *,
    python: str | None,
    environ: Mapping[str, str],
    records: RecordStore | None,
    meanwhile: Callable[[], None] = _nothing,
) -> Chosen:
    """Return ``python`` (`--python`) if given, else an active virtual environment, else the running interpreter.

    A virtual environment that this program runs in comes before `VIRTUAL_ENV`, as in pip; one that holds only this
    program (pipx, `uv tool`) does not count. Raises `CommandError` where ``python`` leads to no interpreter and
    `TargetEnvironmentError` where it cannot be asked. ``records`` None keeps nothing. May run a child,
    and then calls ``meanwhile`` (25 ms are long enough to import what comes next).
    """
    if python is not None:
        return _ask(_locate(python, environ), environ, records, meanwhile, notice=None)
    notice = None
    active = environ.get("VIRTUAL_ENV")
    if active and not runs_in_project_environment() and os.path.realpath(active) != os.path.realpath(sys.prefix):
        interpreter = interpreter_below(active)
        if interpreter is not None:
            notice = f"Using the active virtual environment {active}"
            return _ask(os.path.abspath(interpreter), environ, records, meanwhile, notice=notice)
        notice = f"VIRTUAL_ENV names {active}, which holds no Python interpreter; using {sys.executable}"
    return Chosen(None, notice)


def _locate(python: str, environ: Mapping[str, str]) -> str:
    """Return the absolute path, links kept, of what `--python` names: a file, a directory or a name on `PATH`."""
    found: str | None
    if os.path.isdir(python):
        found = interpreter_below(python)
        if found is None:
            raise CommandError(
                f"Could not locate Python interpreter {python}",
                why="the directory has neither bin/python nor Scripts/python.exe",
                hint="`--python` takes an interpreter, a virtual environment's directory or a name on PATH",
            )
    elif os.path.exists(python):
        found = python
    else:
        import shutil  # noqa: PLC0415 - costs more than the rest of this module, and is rarely asked

        has_directory = os.path.dirname(python) != ""
        found = None if has_directory else shutil.which(python, path=environ.get("PATH"))
        if found is None:
            raise CommandError(
                f"Could not locate Python interpreter {python}",
                why="there is no such file" if has_directory else "there is no such file, and no such name on PATH",
            )
    return os.path.abspath(found)


def _ask(
    interpreter: str,
    environ: Mapping[str, str],
    records: RecordStore | None,
    meanwhile: Callable[[], None],
    *,
    notice: str | None,
) -> Chosen:
    """Return what the interpreter at an absolute path says about itself: in process, from a record, or by a child."""
    if interpreter == sys.executable:
        return Chosen(None, notice)
    facts = None if records is None else remembered_facts(interpreter, environ, records)
    if facts is not None and _has_shape(facts):
        return Chosen(facts, notice)
    facts, text = _ask_child(interpreter, environ, meanwhile)
    if records is not None:
        keep_facts(interpreter, facts, text, environ, records)
    return Chosen(facts, notice)


def _has_shape(facts: InterpreterFacts) -> bool:
    """Return whether a record holds what others rely on; one that holds something else is a miss."""
    try:
        for key in _KEYS:
            value = facts[key]  # type: ignore[literal-required]  # the keys of the type, as texts
            if key.endswith("scheme") and value is not None:
                SchemePaths(**value)
    except (LookupError, TypeError, AttributeError):
        return False
    return True


def _ask_child(
    interpreter: str, environ: Mapping[str, str], meanwhile: Callable[[], None]
) -> tuple[InterpreterFacts, str]:
    """Run the probe in the interpreter; return its answer, and that as JSON.

    Raises `TargetEnvironmentError` where it gives none.

    Not under `-I`: user site and `PYTHONPATH` belong to what pip, run by that interpreter, would see.
    """
    # macOS sets this for a framework's launcher, and a child that inherits it thinks that it is its parent.
    variables = {key: value for key, value in environ.items() if key != "__PYVENV_LAUNCHER__"}
    try:
        child = ChildProcess([interpreter, "-c", _PRELUDE], _probe_source(), variables)
        meanwhile()
        code, output, complaints = child.wait(timeout_seconds=PROBE_TIMEOUT_SECONDS)
    except OSError as error:
        raise TargetEnvironmentError(f"could not run the Python interpreter {interpreter}", why=str(error)) from error
    complaint = complaints.decode("utf-8", "replace").strip()
    if code and complaint.rpartition("\n")[2].startswith(_TOO_OLD):
        raise TargetEnvironmentError(
            f"Python {complaint.rpartition(_TOO_OLD)[2]} is not supported as a target",
            why=f"{interpreter} is older than {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]}",
            hint="choose a newer interpreter with `--python`, or use the last pip that runs on this one",
        )
    text = output.decode("utf-8", "replace").rstrip().rpartition("\n")[2]
    try:
        facts: InterpreterFacts = parse_json(text)
    except ValueError as error:
        end = "\n".join(complaint.splitlines()[-3:])
        raise TargetEnvironmentError(
            f"{interpreter} does not answer like a Python interpreter",
            why=f"exit code {code}" + (f"; the end of its stderr:\n{end}" if end else ""),
        ) from error
    return facts, text


def _probe_source() -> bytes:
    """Return the text of the probe, also where this package lies in a zip file."""
    from asyncpip.environment import probe  # noqa: PLC0415 - 5 ms, for `sysconfig`

    # Every loader of source files has it; the protocol for it would have to be imported.
    data: bytes = probe.__loader__.get_data(probe.__file__)  # type: ignore[union-attr]
    return data


def running_path() -> list[str]:
    """Return `sys.path` of this process without the entry that only says where the program was started from."""
    entries = list(sys.path)
    if entries and not sys.flags.safe_path:
        # The first one is the directory of the script, or with -m the working directory (as pip leaves it out).
        try:
            here = os.getcwd()
        except OSError:
            here = ""
        if entries[0] in ("", here, os.path.dirname(sys.argv[0] if sys.argv else "")):
            del entries[0]
    return entries


def _running_facts() -> InterpreterFacts:
    from asyncpip.environment import probe  # noqa: PLC0415 - as above

    facts: Any = probe.collect(running_path())
    answer: InterpreterFacts = facts  # the probe is also read by Pythons that have no TypedDict
    return answer


def _selection(facts: InterpreterFacts, *, notice: str | None) -> TargetSelection:
    """Return the facts as values."""
    user_scheme = facts["user_scheme"]
    version = facts["version"]
    target = TargetEnvironment(
        executable=facts["executable"],
        python_full_version=".".join(map(str, version)),
        implementation=facts["implementation"],
        cache_tag=facts["cache_tag"],
        markers=facts["markers"],
        tags=interpreter_tags(
            implementation=facts["implementation"],
            version=version,
            nodot=facts["nodot"],
            abis=facts["abis"],
            platform=facts["platform"],
        ),
        scheme=SchemePaths(**facts["scheme"]),
        prefix=facts["prefix"],
        base_prefix=facts["base_prefix"],
        stdlib=facts["stdlib"],
        sys_path=tuple(facts["sys_path"]),
        user_scheme=None if user_scheme is None else SchemePaths(**user_scheme),
        user_site_enabled=facts["user_site_enabled"],
        include_system_site=facts["include_system_site"],
    )
    templates = SchemeTemplates(prefix=SchemePaths(**facts["prefix_scheme"]), home=SchemePaths(**facts["home_scheme"]))
    return TargetSelection(target=target, templates=templates, notice=notice)
