"""Options and arguments of `install` that do not go together, and what is said about those that do nothing here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from asyncpip.commands.install_options import parse_moment
from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Level, Message
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import CommandError
from asyncpip.resolve.selection import unknown_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.commands.context import CommandContext, SettingsView
    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.commands.requirement_input import RequirementInput
    from asyncpip.core.events import Reporter
    from asyncpip.core.resolution import Resolved
    from asyncpip.core.target import TargetEnvironment


def check_options(settings: SettingsView, choice: TargetChoice, reporter: Reporter) -> None:
    """Raise `CommandError` for options that exclude one another (pip's rules); tell what is implied."""
    if settings.flag("require_hashes") and settings.flag("no_require_hashes"):
        raise CommandError("--require-hashes and --no-require-hashes cannot be used together.")
    if settings.flag("only_deps") and settings.flag("no_deps"):
        raise CommandError("--only-deps cannot be used with --no-deps.")
    if settings.flag("pre") and settings.pairs("release_control"):
        raise CommandError("--pre cannot be used with --all-releases or --only-final.")
    moment = settings.text("uploaded_prior_to")
    if moment is not None:
        parse_moment(moment, now=dt.datetime.now(tz=dt.UTC))  # raises `UsageError`, also where nothing is to be done
    if settings.texts("build_constraint_files") and not settings.flag("build_isolation"):
        raise CommandError("--build-constraint cannot be used with --no-build-isolation.")
    if settings.flag("only_deps") and settings.texts("requirements_from_scripts"):
        raise CommandError("--only-deps cannot be used with --requirements-from-script.")
    _check_choice(settings, choice, reporter)
    for text in words_without_meaning(settings):
        reporter.emit(Message(Level.WARNING, text))


def words_without_meaning(settings: SettingsView) -> list[str]:
    """Return warnings about values like ``:word:`` of options that take `:all:` and `:none:` beside names."""
    return [
        f"--{name.replace('_', '-')} {word}: neither :all: nor :none:, so it is read as the project {word.strip(':')}"
        for name, value in (*settings.pairs("format_control"), *settings.pairs("release_control"))
        for word in unknown_words(value)
    ]


def _check_choice(settings: SettingsView, choice: TargetChoice, reporter: Reporter) -> None:
    if not choice:
        return
    kinds = dict(settings.pairs("format_control"))
    if "no_binary" in kinds and not settings.flag("no_deps"):
        raise CommandError(
            "--platform, --python-version, --implementation and --abi cannot be used with --no-binary.",
            why="source distributions are built for the running interpreter",
        )
    if not kinds and not settings.flag("no_deps"):
        reporter.emit(
            Message(
                Level.INFO,
                "--platform, --python-version, --implementation and --abi imply --only-binary=:all:",
            )
        )


def check_arguments(
    context: CommandContext, given: RequirementInput, command: str, *, takes_editables: bool = True
) -> None:
    """Raise `CommandError` where nothing was asked for at all (an empty requirements file is something)."""
    settings = context.settings
    sources = ["requirement_files", "groups", "requirements_from_scripts", *(["editables"] if takes_editables else [])]
    if not context.arguments and not any(settings.texts(source) for source in sources) and not given.requirements:
        raise CommandError(
            f'You must give at least one requirement to {command} (see "asyncpip help {command}")',
        )


def check_wheels_fit(decisions: Iterable[Resolved], target: TargetEnvironment) -> None:
    """Raise `CommandError` where a wheel chosen for another interpreter would be installed into ``target``."""
    tags = frozenset(target.tags)
    for decision in decisions:
        if not isinstance(decision.choice, Candidate):
            continue
        name = parse_wheel_name(decision.choice.file.filename)
        if name is not None and not tags.intersection(name.tags()):
            raise CommandError(
                f"{decision.choice.file.filename} does not run on the interpreter that it would be installed for",
                why=f"it was chosen by --platform, --python-version, --implementation or --abi; {target.executable} "
                "supports none of its tags",
                hint="install into a plain directory with `--target DIR`, only look with `--dry-run`, or use "
                "`download`",
            )
