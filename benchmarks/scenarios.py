"""What is measured, as data: the lanes. Sets stand in `sets.py`, how a tool spells a lane in `command_lines.py`."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    UNINSTALL = "uninstall"
    UPGRADE = "upgrade"

    @property
    def looks(self) -> bool:
        """Whether this looks at the environment and asks no index."""
        return self in (Action.LIST, Action.FREEZE, Action.SHOW, Action.CHECK)

    @property
    def writes(self) -> bool:
        """Whether it leaves something that can be compared."""
        return not self.looks and self is not Action.RESOLVE

    @property
    def changes(self) -> bool:
        """Whether this changes an environment that has the set: every run needs one of its own."""
        return self in (Action.UNINSTALL, Action.UPGRADE)


class Pins(enum.Enum):
    """How the requirements are written."""

    NONE = "none"
    EXACT = "exact"
    HASHED = "hashed"
    NAMES = "names"
    """All that the lock file names, without versions."""
    OLDER = "older"
    """One distribution, in a version before the newest."""
    NEWER = "newer"
    """The same, in whatever version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A network to imitate."""

    mbit_per_second: float
    """Of all connections together."""
    round_trip_ms: float
    connection_mbit_per_second: float | None = None
    """Of each connection; None where one may have all."""


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
    copies: bool = False
    """Whether the cache is on another file system than the environment, and files are copied."""
    tls: bool = False
    """Whether the index is reached by HTTPS, with a certificate authority made for the run."""


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
        Lane(
            name="download-pinned",
            meaning="download, `==` pins and --no-deps",
            cache=Cache.EMPTY,
            action=Action.DOWNLOAD,
            pins=Pins.EXACT,
        ),
        Lane(name="copy", meaning="warm, cache on another file system, copies", cache=Cache.FILLED, copies=True),
        Lane(name="https", meaning="cold, by HTTPS", cache=Cache.EMPTY, tls=True),
        Lane(
            name="uninstall",
            meaning="remove all that is installed",
            cache=Cache.FILLED,
            action=Action.UNINSTALL,
            pins=Pins.NAMES,
        ),
        Lane(
            name="upgrade",
            meaning="everything is installed, one distribution is not the newest",
            cache=Cache.FILLED,
            action=Action.UPGRADE,
            pins=Pins.NEWER,
        ),
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
        Lane(
            name="slower-line",
            meaning="cold, at 50 Mbit/s and 20 ms round trip",
            cache=Cache.EMPTY,
            line=Line(mbit_per_second=50, round_trip_ms=20),
        ),
        Lane(
            name="slow-connections",
            meaning="cold, at 200 Mbit/s, 25 for each connection, and 20 ms round trip",
            cache=Cache.EMPTY,
            line=Line(mbit_per_second=200, round_trip_ms=20, connection_mbit_per_second=25),
        ),
    )
}
ONE_PROJECT = "requests"
"""What the lanes `show` and `upgrade` are about; sets that do not install it have none of the two."""
OLDER_VERSION = "2.32.3"
DEFAULT_LANES = ("cold", "warm", "noop", "cold-compile", "warm-compile", "no-cache")
ALL_LANES = tuple(name for name in LANES if name != "download-pinned")
"""What `make bench` measures."""
TOOLS = ("uv", "pip", "asyncpip")
"""The first of the tools that take part is what others are compared with."""


def preparations_of(lane: Lane) -> list[Lane]:
    """Return the lanes that bring about what ``lane`` starts from, before the clock starts."""
    if lane.action.looks:
        return [replace(lane, action=Action.INSTALL)]
    if not lane.action.changes:
        return [lane]
    install = replace(lane, action=Action.INSTALL)
    all_of_it = replace(install, pins=Pins.EXACT)
    return [all_of_it, replace(install, pins=Pins.OLDER)] if lane.action is Action.UPGRADE else [all_of_it]
