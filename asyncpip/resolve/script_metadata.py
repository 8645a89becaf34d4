"""Inline metadata of a script → what it depends on and which Python it needs (PEP 723)."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from asyncpip.core.toml_text import InvalidTomlError, parse_toml
from asyncpip.core.values import Value
from asyncpip.errors import RequirementError

_OPENING = re.compile(r"# /// ([a-zA-Z0-9-]+)")


class ScriptMetadata(Value):
    """The ``script`` block of one file."""

    path: str
    dependencies: tuple[str, ...]
    requires_python: SpecifierSet | None

    def check_python(self, python_full_version: str) -> None:
        """Raise `RequirementError` where that Python is none the script allows; its pre-release part is not looked at.

        pip compares ``3.14.0`` too where the interpreter is 3.14.0rc1.
        """
        version = Version(python_full_version.rstrip("+")).base_version
        if self.requires_python is not None and not self.requires_python.contains(version):
            raise RequirementError(
                f"Script {self.path!r} requires a different Python: {version} not in '{self.requires_python}'",
                hint="`--ignore-requires-python` installs regardless",
            )


def parse_script_metadata(text: str, path: str) -> ScriptMetadata:
    """Return the ``script`` block of ``text``; ``path`` is for messages. Raises `RequirementError`."""
    blocks = [content for kind, content in _blocks(text) if kind == "script"]
    if len(blocks) > 1:
        raise RequirementError(f"Multiple 'script' blocks found in {path!r}")
    if not blocks:
        raise RequirementError(
            f"File does not contain 'script' metadata: {path!r}", hint="such a block starts with the line: # /// script"
        )
    try:
        document = parse_toml(blocks[0])
    except InvalidTomlError as error:
        raise RequirementError(f"Failed to parse TOML in {path!r}", why=str(error)) from error
    dependencies = document.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(text, str) for text in dependencies):
        raise RequirementError(f"Invalid 'script' metadata in {path!r}", why="`dependencies` is not a list of texts")
    requires_python = document.get("requires-python", "")
    try:
        specifier = SpecifierSet(requires_python) if requires_python else None
    except (InvalidSpecifier, TypeError, AttributeError) as error:
        raise RequirementError(
            f"Invalid 'script' metadata in {path!r}", why=f"`requires-python` is no version specifier: {error}"
        ) from error
    return ScriptMetadata(path=path, dependencies=tuple(dependencies), requires_python=specifier)


def _blocks(text: str) -> list[tuple[str, str]]:
    """Return type and content of each metadata block.

    A block's lines all start with ``#``, or ``# `` before text; it ends at the last ``# ///`` among them, and without
    one it is no block.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks: list[tuple[str, str]] = []
    at = 0
    while at < len(lines):
        opening = _OPENING.fullmatch(lines[at])
        at += 1
        if opening is None:
            continue
        end = at
        while end < len(lines) and (lines[end] == "#" or lines[end].startswith("# ")):
            end += 1
        closing = next((index for index in range(end - 1, at - 1, -1) if lines[index] == "# ///"), None)
        if closing is not None and closing > at:
            blocks.append((opening[1], "\n".join(line[2:] for line in lines[at:closing])))
            at = closing + 1
    return blocks
