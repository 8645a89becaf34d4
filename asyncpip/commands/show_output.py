"""What `show` prints. Lean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.core.headers import Headers

NO_NAME = "ERROR: Please provide a package name or names."
NO_FILES = "Cannot locate RECORD or installed-files.txt"
UNKNOWN_DEPENDENTS = "#N/A"
_FIRST_WITH_LICENSE_EXPRESSION = (2, 4)


def not_found(names: Sequence[str]) -> str:
    """Return the warning about names that are not installed."""
    return f"Package(s) not found: {', '.join(names)}"


class ShownDistribution:
    """One distribution with what was found out about it."""

    __slots__ = (
        "editable_location", "entry_points", "files", "headers", "installer", "location", "name", "required_by",
        "requires", "version",
    )  # fmt: skip

    def __init__(self, name: str, version: str, headers: Headers) -> None:
        self.name = name
        self.version = version
        self.headers = headers
        self.location = ""
        self.editable_location: str | None = None
        self.requires: Sequence[str] = ()
        self.required_by: Sequence[str] = ()
        self.installer = ""
        self.entry_points: Sequence[str] = ()
        self.files: Sequence[str] | None = None
        """None where neither RECORD nor installed-files.txt is there."""


def block(shown: ShownDistribution, *, verbose: bool, with_files: bool) -> list[str]:
    """Return the lines about one distribution."""
    headers = shown.headers

    def field(name: str) -> str:
        return headers.get(name) or ""

    metadata_version = field("metadata-version")
    urls = headers.get_all("project-url")
    expression = field("license-expression")
    shows_expression = bool(expression) and _numbers(metadata_version) >= _FIRST_WITH_LICENSE_EXPRESSION
    lines = [
        f"Name: {shown.name}",
        f"Version: {shown.version}",
        f"Summary: {field('summary')}",
        f"Home-page: {field('home-page') or home_page(urls)}",
        f"Author: {field('author')}",
        f"Author-email: {field('author-email')}",
        f"License-Expression: {expression}" if shows_expression else f"License: {field('license')}",
        f"Location: {shown.location}",
    ]
    if shown.editable_location is not None:
        lines.append(f"Editable project location: {shown.editable_location}")
    lines += [f"Requires: {', '.join(shown.requires)}", f"Required-by: {', '.join(shown.required_by)}"]
    if verbose:
        lines += [f"Metadata-Version: {metadata_version}", f"Installer: {shown.installer}", "Classifiers:"]
        lines += [f"  {classifier}" for classifier in headers.get_all("classifier")]
        lines += ["Entry-points:", *(f"  {line.strip()}" for line in shown.entry_points)]
        lines += ["Project-URLs:", *(f"  {url}" for url in urls)]
    if with_files:
        lines.append("Files:")
        lines += [NO_FILES] if shown.files is None else [f"  {path.strip()}" for path in shown.files]
    return lines


def home_page(urls: Sequence[str]) -> str:
    """Return the URL that is labelled as home page (PEP 753, "Label normalization"); empty where none is."""
    for entry in urls:
        label, comma, url = entry.partition(",")
        if comma and "".join(sign for sign in label.lower() if sign.isalnum() or not sign.isascii()) == "homepage":
            return url.strip()
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
