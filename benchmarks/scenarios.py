"""What is measured, as data: requirement sets, lanes, and how each tool spells a lane's command."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TESTING = "pytest pytest-cov pytest-asyncio pytest-xdist hypothesis mypy ruff black coverage tox pre-commit sphinx"
_WEB = "flask requests httpx sqlalchemy pydantic fastapi uvicorn"
_DATA = "numpy pandas scipy matplotlib jupyterlab"

SETS: Mapping[str, tuple[str, ...]] = {
    "heavy26": tuple(f"{_TESTING} {_WEB} {_DATA} django celery".split()),
    "heavy27": tuple(f"{_TESTING} {_WEB} {_DATA} boto3 django celery".split()),
    "web": tuple(f"{_WEB} django celery gunicorn redis".split()),
    "data": tuple(_DATA.split()),
    "one": ("requests",),
}
"""Requirements by set; `heavy27` is `heavy26` and boto3, which makes resolvers backtrack."""


class Cache(enum.Enum):
    """What the tool's cache holds when the clock starts."""

    EMPTY = "empty"
    FILLED = "filled"
    OFF = "off"


class Action(enum.Enum):
    """What the tool is asked for."""

    INSTALL = "install"
    RESOLVE = "resolve"
    DOWNLOAD = "download"
    LIST = "list"
    FREEZE = "freeze"
    SHOW = "show"
    CHECK = "check"

    @property
    def looks(self) -> bool:
        """Whether this looks at the environment and asks no index."""
        return self in (Action.LIST, Action.FREEZE, Action.SHOW, Action.CHECK)


class Pins(enum.Enum):
    """How the requirements are written."""

    NONE = "none"
    EXACT = "exact"
    HASHED = "hashed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A network to imitate."""

    mbit_per_second: float
    round_trip_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One kind of run."""

    name: str
    meaning: str
    cache: Cache
    action: Action = Action.INSTALL
    installed: bool = False
    """Whether the environment already holds the set."""
    byte_compile: bool = False
    pins: Pins = Pins.NONE
    line: Line | None = None


LANES: Mapping[str, Lane] = {
    lane.name: lane
    for lane in (
        Lane(name="cold", meaning="empty cache, fresh environment", cache=Cache.EMPTY),
        Lane(name="warm", meaning="filled cache, fresh environment", cache=Cache.FILLED),
        Lane(name="noop", meaning="everything is installed already", cache=Cache.FILLED, installed=True),
        Lane(name="cold-compile", meaning="cold, and write .pyc files", cache=Cache.EMPTY, byte_compile=True),
        Lane(name="warm-compile", meaning="warm, and write .pyc files", cache=Cache.FILLED, byte_compile=True),
        Lane(name="no-cache", meaning="fresh environment, cache switched off", cache=Cache.OFF),
        Lane(name="pinned", meaning="cold, `==` pins and --no-deps", cache=Cache.EMPTY, pins=Pins.EXACT),
        Lane(name="hashed", meaning="cold, --require-hashes", cache=Cache.EMPTY, pins=Pins.HASHED),
        Lane(name="cold-resolve", meaning="empty cache, --dry-run", cache=Cache.EMPTY, action=Action.RESOLVE),
        Lane(name="warm-resolve", meaning="filled cache, --dry-run", cache=Cache.FILLED, action=Action.RESOLVE),
        Lane(name="download", meaning="empty cache, download --dest", cache=Cache.EMPTY, action=Action.DOWNLOAD),
        *(
            Lane(
                name=action.value,
                meaning=f"`{action.value}`, everything is installed",
                cache=Cache.FILLED,
                installed=True,
                action=action,
            )
            for action in Action
            if action.looks
        ),
        Lane(
            name="slow-line",
            meaning="cold, at 200 Mbit/s and 20 ms round trip",
            cache=Cache.EMPTY,
            line=Line(mbit_per_second=200, round_trip_ms=20),
        ),
    )
}
SHOWN_PROJECT = "requests"
"""What the lane `show` asks for; every set installs it."""
DEFAULT_LANES = ("cold", "warm", "noop", "cold-compile", "warm-compile", "no-cache")
TOOLS = ("uv", "pip", "asyncpip")
"""The first of the tools that take part is what others are compared with."""


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


def has_lane(tool: str, lane: Lane) -> bool:
    """Return whether ``tool`` knows what ``lane`` asks for: uv has no ``download``."""
    return not (tool == "uv" and lane.action is Action.DOWNLOAD)


def command_of(tool: str, lane: Lane, places: Places) -> list[str]:
    """Return the command line with which ``tool`` runs ``lane``."""
    if lane.action.looks:
        return _look(tool, lane, places)
    return _uv(lane, places) if tool == "uv" else _pip(tool, lane, places)


def preparation_of(lane: Lane) -> Lane:
    """Return the lane that brings about what ``lane`` starts from, before the clock starts."""
    return replace(lane, action=Action.INSTALL) if lane.action.looks else lane


def _look(tool: str, lane: Lane, places: Places) -> list[str]:
    """Return the command line of ``list`` and its like."""
    verb, interpreter = lane.action.value, ["--python", str(places.python)]
    named = [SHOWN_PROJECT] if lane.action is Action.SHOW else []
    cache = ["--cache-dir", str(places.cache)]
    if tool == "uv":
        return [str(places.executable), "pip", verb, "--no-config", *interpreter, *cache, *named]
    before = [*interpreter, verb] if tool == "pip" else [verb, *interpreter]
    return [str(places.executable), *before, *cache, *named]


def _uv(lane: Lane, places: Places) -> list[str]:
    command = [str(places.executable), "pip", "install", "--no-progress", "--no-config"]
    command += ["--python", str(places.python), "--default-index", places.index_url]
    command += ["--no-cache"] if lane.cache is Cache.OFF else ["--cache-dir", str(places.cache)]
    command += ["--compile-bytecode"] if lane.byte_compile else []
    return [*command, *_common(lane), "-r", str(places.requirements)]


def _pip(tool: str, lane: Lane, places: Places) -> list[str]:
    """Return the command line of pip, and of asyncpip, which takes the same.

    pip compiles unless told otherwise and the other two do not; every lane says what it wants, so that all do the same.
    """
    command = [str(places.executable)]
    # Where the interpreter is given before the command, pip starts itself a second time: that is how it is used.
    interpreter = ["--python", str(places.python)]
    command += [*interpreter, _verb(lane)] if tool == "pip" else [_verb(lane), *interpreter]
    # Without `--trusted-host` pip keeps nothing of what came over http, and its warm lane would be a cold one.
    command += ["--progress-bar", "off", "-i", places.index_url, "--trusted-host", _host(places.index_url)]
    command += ["--no-cache-dir"] if lane.cache is Cache.OFF else ["--cache-dir", str(places.cache)]
    if lane.action is Action.DOWNLOAD:
        command += ["--dest", str(places.downloads)]
    else:
        command += ["--compile" if lane.byte_compile else "--no-compile"]
    return [*command, *_common(lane), "-r", str(places.requirements)]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _verb(lane: Lane) -> str:
    return "download" if lane.action is Action.DOWNLOAD else "install"


def _common(lane: Lane) -> list[str]:
    """Return the options that all tools spell the same way."""
    options = ["--dry-run"] if lane.action is Action.RESOLVE else []
    match lane.pins:
        case Pins.EXACT:
            options += ["--no-deps"]
        case Pins.HASHED:
            options += ["--require-hashes"]
        case Pins.NONE:
            pass
    return options
