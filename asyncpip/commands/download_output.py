"""pip's lines about downloads and built wheels, word for word where scripts read them (cli-surface 4.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.commands.install_output import name_as_written
from asyncpip.commands.shown_paths import display_path
from asyncpip.core.candidates import Candidate
from asyncpip.core.quantities import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncpip.core.resolution import Resolved


def already_line(path: str) -> str:
    """Return pip's line about a file that is kept."""
    return f"  File was already downloaded {path}"


def saved_line(path: str, cwd: str) -> str:
    """Return ``Saved ./dir/x.whl``."""
    return f"Saved {display_path(path, cwd)}"


def success_line(decisions: Iterable[Resolved]) -> str:
    """Return ``Successfully downloaded a b``."""
    return f"Successfully downloaded {_names(decisions)}"


def built_line(decisions: Iterable[Resolved]) -> str:
    """Return ``Successfully built a b``."""
    return f"Successfully built {_names(decisions)}"


def failed_line(decisions: Iterable[Resolved]) -> str:
    """Return ``Failed to build a b``."""
    return f"Failed to build {_names(decisions)}"


def _names(decisions: Iterable[Resolved]) -> str:
    return " ".join(dict.fromkeys(map(name_as_written, decisions)))


def would_download_lines(decisions: Sequence[Resolved]) -> list[str]:
    """Return a line for each file that a dry run would fetch, and one with their number and size."""
    lines = []
    total: int | None = 0
    for decision in decisions:
        if isinstance(decision.choice, Candidate):
            file = decision.choice.file
            lines.append(f"Would download {file.filename}" + (f" ({format_size(file.size)})" if file.size else ""))
            total = None if total is None or file.size is None else total + file.size
    size = "" if total is None else f" ({format_size(total)})"
    return [*lines, f"Would download {len(lines)} file{'' if len(lines) == 1 else 's'}{size}"]


def would_make_lines(decisions: Sequence[Resolved]) -> list[str]:
    """Return a line for each file that a dry run would fetch or build a wheel of."""
    return [
        f"Would {'download' if each.choice.file.is_wheel else 'build a wheel of'} {each.choice.file.filename}"
        for each in decisions
        if isinstance(each.choice, Candidate)
    ]


def index_line(path: str, count: int, cwd: str) -> str:
    """Return what is said of an index that was written."""
    return f"Indexed {count} archive{'' if count == 1 else 's'} in {display_path(path, cwd)}"
