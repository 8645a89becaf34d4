"""What `list` prints. Lean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

BOTH_KINDS = "Options --outdated and --uptodate cannot be combined."
OUTDATED_AS_FREEZE = "List format 'freeze' cannot be used with the --outdated option."


class ListedDistribution:
    """One distribution, as far as the list shows it."""

    __slots__ = (
        "build", "editable_location", "installer", "latest_type", "latest_version", "location", "name", "raw_version",
        "version",
    )  # fmt: skip

    def __init__(self, name: str, raw_version: str, version: str | None) -> None:
        self.name = name
        """As its metadata spells it."""
        self.raw_version = raw_version
        self.version = version
        """In its canonical spelling; None where it does not follow PEP 440."""
        self.latest_version = ""
        self.latest_type = ""
        self.build = ""
        """Build tag of the wheel that it came from."""
        self.editable_location: str | None = None
        self.location = ""
        self.installer = ""


def columns(distributions: Sequence[ListedDistribution], *, outdated: bool, verbose: bool) -> list[str]:
    """Return a table with the columns that have something in them; nothing where there is no distribution."""
    if not distributions:
        return []
    shown = [("Package", [each.name for each in distributions])]
    shown.append(("Version", [each.raw_version for each in distributions]))
    if outdated:
        shown.append(("Latest", [each.latest_version for each in distributions]))
        shown.append(("Type", [each.latest_type for each in distributions]))
    if any(each.build for each in distributions):
        shown.append(("Build", [each.build for each in distributions]))
    if any(each.editable_location for each in distributions):
        shown.append(("Editable project location", [each.editable_location or "" for each in distributions]))
    if verbose:
        shown.append(("Location", [each.location for each in distributions]))
        shown.append(("Installer", [each.installer for each in distributions]))
    sizes = [max(len(title), *map(len, cells)) for title, cells in shown]
    rows = [[title for title, _ in shown], ["-" * size for size in sizes]]
    rows += map(list, zip(*(cells for _, cells in shown), strict=True))
    return [" ".join(map(str.ljust, row, sizes)).rstrip() for row in rows]


def requirements(distributions: Sequence[ListedDistribution], *, verbose: bool) -> list[str]:
    """Return `name==version` lines."""
    return [
        pinned(each.name, each.version, each.raw_version) + (f" ({each.location})" if verbose else "")
        for each in distributions
    ]


def pinned(name: str, version: str | None, raw_version: str) -> str:
    """Return the requirement on exactly this version; ``version`` None for one that does not follow PEP 440."""
    return f"{name}==={raw_version}" if version is None else f"{name}=={version}"


def as_json(distributions: Sequence[ListedDistribution], *, outdated: bool, verbose: bool) -> str:
    """Return the list as JSON."""
    import json  # noqa: PLC0415 - this format alone needs it

    rows = []
    for each in distributions:
        row = {"name": each.name, "version": each.raw_version if each.version is None else each.version}
        if verbose:
            row |= {"location": each.location, "installer": each.installer}
        if outdated:
            row |= {"latest_version": each.latest_version, "latest_filetype": each.latest_type}
        if each.editable_location:
            row["editable_project_location"] = each.editable_location
        rows.append(row)
    return json.dumps(rows)


def unreadable_dependencies(name: str, error: Exception) -> str:
    """Return the warning about a distribution whose dependencies cannot be read."""
    return f"Error parsing dependencies of {name}: {error}"


def not_comparable(name: str, version: str) -> str:
    """Return the warning about a distribution that cannot be compared with what indexes have."""
    return f"{name} is left out, because its version {version!r} does not follow PEP 440"
