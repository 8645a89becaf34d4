"""`freeze -r FILE`: what is installed, in the order of requirements files, with their comments and options."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from asyncpip.commands.requirement_sources import path_kind
from asyncpip.core.events import Level, Message
from asyncpip.core.requirement import Origin
from asyncpip.core.urls import redact
from asyncpip.errors import CommandError
from asyncpip.resolve.requirement_text import parse_requirement_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.frozen import FrozenRequirement
    from asyncpip.commands.installed_view import InstalledView

ADDED = "## The following requirements were added by pip freeze:"
_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTIONS_BEHIND = re.compile(r"\s+--.*$|\s*\\$")
"""`--hash` and its like behind a requirement, and the backslash of a line that goes on; pip takes neither."""


def lines_in_order(
    context: CommandContext, view: InstalledView, paths: Sequence[str], frozen: dict[str, FrozenRequirement]
) -> list[str]:
    """Return the lines of the files with installed versions, then the header of what follows; empties ``frozen``."""
    files = _Files(context, view, frozen)
    for path in paths:
        files.read(path)
    for name, places in files.mentioned.items():
        if len(places) > 1:
            view.warn(f"Requirement {name} included multiple times [{', '.join(sorted(set(places)))}]")
    return [*files.lines, ADDED]


class _Files:
    """What has been read so far."""

    def __init__(self, context: CommandContext, view: InstalledView, frozen: dict[str, FrozenRequirement]) -> None:
        self.lines: list[str] = []
        self.mentioned: dict[str, list[str]] = {}
        """In which files each requirement stands that is installed."""
        self._context = context
        self._view = view
        self._frozen = frozen
        self._options: set[str] = set()

    def read(self, path: str) -> None:
        """Read one file."""
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError as error:
            raise CommandError(f"Could not open requirements file: {error.strerror}: {path!r}") from error
        for line in lines:
            text = line.strip()
            is_editable = line.startswith(("-e", "--editable"))
            if not text or text.startswith("#") or (line.startswith("-") and not is_editable):
                self._keep(line.rstrip())
            elif not text.startswith("--hash"):
                self._requirement(line, path, is_editable=is_editable)

    def _keep(self, line: str) -> None:
        """Keep an option, comment or empty line, each once."""
        if line not in self._options:
            self._options.add(line)
            self.lines.append(line)

    def _requirement(self, line: str, path: str, *, is_editable: bool) -> None:
        if is_editable:
            text = line[2:].strip() if line.startswith("-e") else line[len("--editable") :].strip().lstrip("=")
        else:
            text = _OPTIONS_BEHIND.sub("", _COMMENT.sub("", line)).strip()
        parsed = parse_requirement_text(
            text, origin=Origin(file=path), cwd=os.getcwd(), exists=path_kind, editable=is_editable
        )
        if parsed.name is None:
            self._tell(
                f"Skipping line in requirement file [{path}] because it's not clear what it would install: "
                f"{redact(line.strip())}"
            )
            self._tell("  (add #egg=PackageName to the URL to avoid this warning)")
            return
        written = _written_name(text, parsed.name)
        requirement = self._frozen.pop(parsed.name, None)
        if requirement is not None:
            self.lines += requirement.lines
        elif not self.mentioned.get(written):
            text = redact(_COMMENT.sub("", line).strip())
            self._view.warn(f"Requirement file [{path}] contains {text}, but package {written!r} is not installed")
            return
        self.mentioned.setdefault(written, []).append(path)

    def _tell(self, text: str) -> None:
        # pip says this on stdout, in the midst of the requirements.
        self._context.reporter.emit(Message(Level.WARNING, text))


def _written_name(text: str, name: str) -> str:
    """Return the project's name as ``text`` spells it, where it begins with it."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
    return match[0] if match and re.sub(r"[-_.]+", "-", match[0]).lower() == name else name
