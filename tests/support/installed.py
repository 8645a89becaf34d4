"""Installed distributions written by hand, as tools and accidents leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def dist_info(
    name: str,
    version: str,
    *lines: str,
    directory: str = "",
    files: Mapping[str, str] | None = None,
    body: str = "",
    wheel: str | None = WHEEL,
) -> dict[str, str]:
    """Return the files of a dist-info directory; ``lines`` are further fields of METADATA."""
    info = f"{directory or f'{name}-{version}'}.dist-info"
    fields = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
    text = "".join(f"{field}\n" for field in fields) + (f"\n{body}" if body else "")
    found = {"METADATA": text, "INSTALLER": "pip\n", **({"WHEEL": wheel} if wheel else {}), **(files or {})}
    return {f"{info}/{path}": content for path, content in found.items()}


def write_files(directory: Path, *groups: Mapping[str, str]) -> None:
    """Write files below ``directory``."""
    for group in groups:
        for name, content in group.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
