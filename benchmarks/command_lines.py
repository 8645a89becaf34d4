"""How each tool spells the command of a lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.scenarios import ONE_PROJECT, Action, Cache, Pins

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.scenarios import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where one run finds its input and puts its result."""

    executable: Path
    """The tool's command."""
    python: Path
    """The target interpreter."""
    index_url: str
    cache: Path
    requirements: Path
    downloads: Path
    certificates: Path | None = None
    """The authority of an index that is reached by HTTPS."""


def has_lane(tool: str, lane: Lane) -> bool:
    """Return whether ``tool`` knows what ``lane`` asks for: uv has no ``download``."""
    return not (tool == "uv" and lane.action is Action.DOWNLOAD)


def command_of(tool: str, lane: Lane, places: Places) -> list[str]:
    """Return the command line with which ``tool`` runs ``lane``."""
    if lane.action.looks:
        return _look(tool, lane, places)
    if lane.action is Action.UNINSTALL:
        return _uninstall(tool, places)
    return _uv(lane, places) if tool == "uv" else _pip(tool, lane, places)


def _look(tool: str, lane: Lane, places: Places) -> list[str]:
    """Return the command line of ``list`` and its like."""
    verb, interpreter = lane.action.value, ["--python", str(places.python)]
    named = [ONE_PROJECT] if lane.action is Action.SHOW else []
    cache = ["--cache-dir", str(places.cache)]
    if tool == "uv":
        return [str(places.executable), "pip", verb, "--no-config", *interpreter, *cache, *named]
    before = [*interpreter, verb] if tool == "pip" else [verb, *interpreter]
    return [str(places.executable), *before, *cache, *named]


def _uninstall(tool: str, places: Places) -> list[str]:
    interpreter, named = ["--python", str(places.python)], ["-r", str(places.requirements)]
    cache = ["--cache-dir", str(places.cache)]
    if tool == "uv":
        return [str(places.executable), "pip", "uninstall", "--no-config", *interpreter, *cache, *named]
    before = [*interpreter, "uninstall"] if tool == "pip" else ["uninstall", *interpreter]
    return [str(places.executable), *before, "--yes", *cache, *named]


def _uv(lane: Lane, places: Places) -> list[str]:
    command = [str(places.executable), "pip", "install", "--no-progress", "--no-config"]
    command += ["--python", str(places.python), "--default-index", places.index_url]
    command += ["--no-cache"] if lane.cache is Cache.OFF else ["--cache-dir", str(places.cache)]
    command += ["--compile-bytecode"] if lane.byte_compile else []
    command += ["--link-mode", "copy"] if lane.copies else []
    return [*command, *_common(lane, places), "-r", str(places.requirements)]


def _pip(tool: str, lane: Lane, places: Places) -> list[str]:
    """Return the command line of pip, and of asyncpip, which takes the same.

    pip compiles unless told otherwise and the other two do not; every lane says what it wants, so that all do the same.
    """
    command = [str(places.executable)]
    # Where the interpreter is given before the command, pip starts itself a second time: that is how it is used.
    interpreter = ["--python", str(places.python)]
    command += [*interpreter, _verb(lane)] if tool == "pip" else [_verb(lane), *interpreter]
    # Without `--trusted-host` pip keeps nothing of what came over http, and its warm lane would be a cold one.
    command += ["--progress-bar", "off", "-i", places.index_url]
    command += [] if lane.tls else ["--trusted-host", _host(places.index_url)]
    command += ["--no-cache-dir"] if lane.cache is Cache.OFF else ["--cache-dir", str(places.cache)]
    if lane.action is Action.DOWNLOAD:
        command += ["--dest", str(places.downloads)]
    else:
        command += ["--compile" if lane.byte_compile else "--no-compile"]
    command += ["--link-mode", "copy"] if lane.copies and tool == "asyncpip" else []  # pip does nothing else
    return [*command, *_common(lane, places), "-r", str(places.requirements)]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _verb(lane: Lane) -> str:
    return "download" if lane.action is Action.DOWNLOAD else "install"


def _common(lane: Lane, places: Places) -> list[str]:
    """Return the options that all tools spell the same way."""
    options = ["--dry-run"] if lane.action is Action.RESOLVE else []
    options += ["--upgrade"] if lane.action is Action.UPGRADE else []
    options += ["--cert", str(places.certificates)] if places.certificates else []
    options += ["--no-deps"] if lane.pins is Pins.EXACT else []
    options += ["--require-hashes"] if lane.pins is Pins.HASHED else []
    return options
