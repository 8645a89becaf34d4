"""pip's lines about an install, word for word where scripts read them (cli-surface 4.15). Values in, text out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncpip.commands.shown_paths import display_path
from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import DirectoryInfo, VcsInfo
from asyncpip.core.names import normalize_name
from asyncpip.core.quantities import format_size
from asyncpip.core.urls import redact, url_to_path, without_fragment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.resolution import Resolved
    from asyncpip.fetch.archives import StoredArchive
    from asyncpip.fetch.wheels import StoredWheel

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def satisfied_line(decision: Resolved, distribution: InstalledDistribution, cwd: str) -> str:
    """Return ``Requirement already satisfied: x>=1 in ./dir (from y) (1.0)``."""
    wanted_by = f" (from {decision.wanted_by})" if decision.wanted_by else ""
    location = display_path(distribution.location, cwd)
    return (
        f"Requirement already satisfied: {decision.requirement_text} in {location}{wanted_by} ({distribution.version})"
    )


def collecting_lines(decision: Resolved, stored: StoredWheel | StoredArchive | None, cwd: str) -> list[str]:
    """Return what is told of one candidate: where it came from, and whether it was downloaded."""
    candidate = decision.choice
    if not isinstance(candidate, Candidate):
        return []
    wanted_by = f" (from {decision.wanted_by})" if decision.wanted_by else ""
    file = candidate.file
    direct = candidate.direct_url
    if file.url.startswith("file:"):
        url = without_fragment(file.url)
        if direct is not None and isinstance(direct.info, DirectoryInfo) and direct.info.editable:
            return [f"Obtaining {url}{wanted_by}"]
        if direct is not None and not file.is_wheel and "==" in decision.requirement_text:
            wanted_by = ""  # pip tells who wanted a source by path only where it was named
        return [f"Processing {display_path(url_to_path(url), cwd)}{wanted_by}"]
    if direct is not None and isinstance(direct.info, DirectoryInfo):  # an editable from version control
        return [f"Obtaining {decision.name} from {redact(without_fragment(file.url))}"]
    is_unnamed = candidate.direct_url is not None and not file.is_wheel and "==" in decision.requirement_text
    lines = [f"Collecting {redact(file.url if is_unnamed else decision.requirement_text)}{wanted_by}"]
    if stored is not None and not (direct is not None and isinstance(direct.info, VcsInfo)):
        size = f" ({format_size(file.size)})" if file.size is not None else ""
        lines.append(f"  {'Using cached' if stored.from_store else 'Downloading'} {file.filename}{size}")
    return lines


def name_as_written(decision: Resolved) -> str:
    """Return the project's name as the requirement that brought it in spells it, which is how pip names it."""
    match = _NAME.match(decision.requirement_text)
    if match is not None and normalize_name(match[0]) == decision.name:
        return match[0]
    return decision.name


def installing_line(decisions: Iterable[Resolved]) -> str:
    """Return ``Installing collected packages: a, b``, in install order."""
    return "Installing collected packages: " + ", ".join(map(name_as_written, decisions))


def success_line(decisions: Iterable[Resolved], versions: Mapping[NormalizedName, str]) -> str:
    """Return ``Successfully installed a-1.0 b-2.0``, sorted by name."""
    items = sorted((name_as_written(decision), versions[decision.name]) for decision in decisions)
    return "Successfully installed " + " ".join(f"{name}-{version}" for name, version in items)


def built_line(decisions: Iterable[Resolved], built: Iterable[str]) -> str | None:
    """Return ``Successfully built a b``, in install order; None where nothing of ``decisions`` was built now."""
    names = {normalize_name(name) for name in built}
    told = [name_as_written(decision) for decision in decisions if decision.name in names]
    return f"Successfully built {' '.join(told)}" if told else None


def would_install_line(decisions: Sequence[Resolved]) -> str:
    """Return ``Would install a-1.0 b-2.0``, sorted by name; names as METADATA spells them."""
    items = sorted((each.metadata_name or name_as_written(each), str(each.choice.version)) for each in decisions)
    return "Would install " + " ".join(f"{name}-{version}" for name, version in items)


def scripts_off_path(scripts: Sequence[str], directory: str) -> str:
    """Return pip's warning about scripts in a directory that is not on PATH."""
    ordered = sorted(scripts)
    if len(ordered) == 1:
        told = f"script {ordered[0]} is"
    else:
        told = f"scripts {', '.join(ordered[:-1])} and {ordered[-1]} are"
    return (
        f"The {told} installed in '{directory}' which is not on PATH.\n"
        "Consider adding this directory to PATH or, if you prefer to suppress this warning, use "
        "--no-warn-script-location."
    )
