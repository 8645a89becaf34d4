"""What a command that resolves is asked: its options and requirement sources, read for one target. Nothing heavy.

`install`, `download`, `wheel` and `lock` begin with it. What it leads to, a `PipelineRequest`, is built in
`resolution_request.py`, which loads the pipeline.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from asyncpip.commands.begin_ahead import begin_ahead
from asyncpip.commands.install_checks import check_arguments, check_options
from asyncpip.commands.install_options import (
    ANY_INTERPRETER,
    format_control,
    index_options,
    limits_of,
    selection,
    transport_options,
)
from asyncpip.commands.requirement_input import read_requirement_input
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.events import Level, Message
from asyncpip.core.values import replace
from asyncpip.environment.externally_managed import check_virtualenv_required
from asyncpip.resolve.selection import PreferredVersion

if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.install_options import IndexOptions, TargetChoice
    from asyncpip.commands.requirement_input import RequirementInput
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.net.ahead import Ahead
    from asyncpip.resolve.selection import Selection
    from asyncpip.store.store import Store


class Inquiry:
    """Options and requirements of one run, checked and read in the order of the attributes."""

    def __init__(
        self,
        context: CommandContext,
        command: str,
        *,
        cwd: str,
        running_target: TargetEnvironment,
        choice: TargetChoice = ANY_INTERPRETER,
        takes_editables: bool = True,
        verifies_lone_file: bool = False,
    ) -> None:
        """``choice`` is what options T say, ``takes_editables`` whether the command has `-e` and `-C`."""
        self.context = context
        self.settings = context.settings
        self.reporter = context.reporter
        self.cwd = cwd
        self.limits = limits_of(context.settings)
        self.running_target: TargetEnvironment = running_target
        """The interpreter that the command works for."""
        check_virtualenv_required(running_target, required=self.settings.flag("require_virtualenv"))
        self.choice = choice
        check_options(self.settings, self.choice, self.reporter)
        self.target = target_of(running_target, self.choice)
        """The interpreter that files are chosen for; another one with `--platform` and its like."""
        self._takes_editables = takes_editables
        self.input: RequirementInput = self.read_input(self.target, self.choice, verifies_lone_file=verifies_lone_file)
        check_arguments(context, self.input, command, takes_editables=takes_editables)
        self._override_input = self._read_overrides()
        self.overrides: tuple[UserRequirement, ...] = (
            () if self._override_input is None else self._override_input.requirements
        )
        self.evaluator = MarkerEvaluator(self.target.markers)
        self._ahead: Ahead | None = None

    def tell(self, level: Level, text: str | None, *, routine: bool = False) -> None:
        """Emit a message, unless there is none; see `Message` for ``routine``."""
        if text:
            self.reporter.emit(Message(level, text, routine))

    def warn(self, text: str) -> None:
        """Emit a warning."""
        self.tell(Level.WARNING, text)

    @property
    def requires_hashes(self) -> bool:
        """Whether hash-checking mode is on: by option, or because a requirement or constraint has a hash (4.6)."""
        options = self.input.file_options
        given = any(each.hashes for each in (*self.input.requirements, *self.input.constraints))
        off = self.settings.flag("no_require_hashes") or options.no_require_hashes
        return self.settings.flag("require_hashes") or options.require_hashes or (given and not off)

    def index_options(self) -> IndexOptions:
        """Return which places are asked; with what was begun ahead, which has ended."""
        index = index_options(self.settings, self.input.file_options, limits=self.limits)
        if self._ahead is None:
            return index
        self._ahead.finish()
        return replace(index, transport=replace(index.transport, ahead=self._ahead))

    def begin_ahead(self, store: Store | None) -> None:
        """Begin what the first request will need, before what sends it is loaded."""
        index = index_options(self.settings, self.input.file_options, limits=self.limits)
        self._ahead = begin_ahead(index, self.input.requirements, store, self.context.environ)

    def selection(self, target: TargetEnvironment, choice: TargetChoice) -> Selection:
        """Return which files are candidates for ``target``, which ``choice`` describes.

        Source distributions are out for another interpreter, which cannot build them here; with `--no-deps` nothing
        need be built (pip's rule).
        """
        return selection(
            self.settings,
            self.input.file_options,
            target,
            ANY_INTERPRETER if self.settings.flag("no_deps") else choice,
            ignore_requires_python=self.settings.flag("ignore_requires_python"),
            allow_sdists=not self.settings.flag("no_build"),
            now=dt.datetime.now(tz=dt.UTC),
            preferred=PreferredVersion(self.settings.text("resolution") or "highest"),
        )

    def read_input(
        self, target: TargetEnvironment, choice: TargetChoice, *, verifies_lone_file: bool = False
    ) -> RequirementInput:
        """Return what is asked for, as lock files and scripts say it for ``target``; tell of what is odd about it."""
        settings = self.settings
        formats = format_control(settings, None, choice)
        return read_requirement_input(
            arguments=self.context.arguments,
            requirement_files=settings.texts("requirement_files"),
            constraint_files=settings.texts("constraint_files"),
            groups=settings.texts("groups"),
            scripts=settings.texts("requirements_from_scripts"),
            editables=settings.texts("editables") if self._takes_editables else (),
            build_constraint_files=settings.texts("build_constraint_files"),
            config_settings=settings.pairs("config_settings") if self._takes_editables else (),
            cwd=self.cwd,
            environ=self.context.environ,
            fetch_text=self._fetch_text,
            warn=self.warn,
            markers=target.markers,
            tags=target.tags,
            prefers_sdist=lambda name: not formats.allows(name)[0],
            ignore_requires_python=settings.flag("ignore_requires_python"),
            verify_lone_file=verifies_lone_file,
        )

    @property
    def depends_on_files_only(self) -> bool:
        """Whether all that was asked for stands on the command line or in local files that were read whole."""
        return not any(
            each.names_variables or any(digest is None for _, digest in each.files_read) for each in self._inputs
        ) and not any(
            each.direct or each.editable
            for each in (*self.input.requirements, *self.input.constraints, *self.overrides)
        )

    @property
    def files_read(self) -> tuple[str, ...]:
        """The paths of all files that were looked into."""
        return tuple(path for each in self._inputs for path, _ in each.files_read)

    @property
    def _inputs(self) -> tuple[RequirementInput, ...]:
        return (self.input,) if self._override_input is None else (self.input, self._override_input)

    def _read_overrides(self) -> RequirementInput | None:
        """Return the requirements of `--override` files."""
        files = self.settings.texts("override_files")
        if not files:
            return None
        return read_requirement_input(
            requirement_files=files,
            cwd=self.cwd,
            environ=self.context.environ,
            fetch_text=self._fetch_text,
            markers=self.target.markers,
            tags=self.target.tags,
        )

    def _fetch_text(self, url: str) -> bytes:
        from asyncpip.pipeline.fetch_text import fetch_text  # noqa: PLC0415 - files on the network are rare

        settings = self.settings
        options = transport_options(
            settings,
            index_urls=(settings.text("index_url") or "", *settings.texts("extra_index_urls")),
            trusted_hosts=settings.texts("trusted_hosts"),
            limits=self.limits,
        )
        return fetch_text(url, options, self.reporter, self.context.environ)


def target_of(running: TargetEnvironment, choice: TargetChoice) -> TargetEnvironment:
    """Return the interpreter that ``choice`` describes, in all that it leaves open like the ``running`` one."""
    if not choice:
        return running
    from asyncpip.environment.markers import target_with_selection  # noqa: PLC0415 - for options that few use

    return target_with_selection(
        running,
        platforms=choice.platforms,
        python_version=choice.python_version,
        implementation=choice.implementation,
        abis=choice.abis,
    )
