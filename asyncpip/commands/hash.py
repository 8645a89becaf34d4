"""`asyncpip hash`: hashes of files, as requirements files want them."""

from __future__ import annotations

import hashlib

from asyncpip.core.events import Level, Message
from asyncpip.errors import CommandError, MissingArgumentsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    if not context.arguments:
        raise MissingArgumentsError("You must give at least one file to hash", "hash")
    algorithm = context.settings.text("algorithm") or "sha256"
    for path in context.arguments:
        digest = _hash_of_file(path, algorithm)
        context.reporter.emit(Message(Level.INFO, f"{path}:\n--hash={algorithm}:{digest}"))
    return 0


def _hash_of_file(path: str, algorithm: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise CommandError(f"could not read {path!r}", why=error.strerror) from error
