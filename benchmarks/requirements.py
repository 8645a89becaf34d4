"""The requirements of a set as text, and the index they are answered from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from benchmarks.generated import ensure_generated
from benchmarks.peers import DATA
from benchmarks.scenarios import OLDER_VERSION, ONE_PROJECT, Action, Lane, Pins
from benchmarks.serve import MIRROR
from benchmarks.sets import GENERATED, SETS

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = DATA / "locks"


def mirror_of(set_name: str) -> Path:
    """Return the directory of the index that has a set; a generated one is made where it is missing."""
    return ensure_generated(set_name, DATA / "generated") if set_name in GENERATED else MIRROR


def lock_path(set_name: str) -> Path:
    """Return where the pinned, hashed requirements of a set are kept."""
    return mirror_of(set_name) / "lock.txt" if set_name in GENERATED else LOCKS / f"{set_name}.txt"


def requirements_text(pins: Pins, set_name: str) -> str:
    """Return the requirements file of a set, written as ``pins`` say."""
    if pins is Pins.NONE:
        return "".join(f"{line}\n" for line in SETS[set_name])
    if pins is Pins.OLDER:
        return f"{ONE_PROJECT}=={OLDER_VERSION}\n"
    if pins is Pins.NEWER:
        return f"{ONE_PROJECT}\n"
    locked = lock_path(set_name).read_text("utf-8")
    if pins is Pins.HASHED:
        return locked
    exact = exact_pins(locked)
    return "".join(f"{pin if pins is Pins.EXACT else pin.partition('==')[0]}\n" for pin in exact)


def exact_pins(locked: str) -> list[str]:
    """Return the ``name==version`` of each requirement in a lock file."""
    lines = (line.removesuffix("\\").strip() for line in locked.splitlines() if not line.startswith((" ", "#")))
    return [line for line in lines if line]


def installs(set_name: str, lane: Lane) -> bool:
    """Return whether a set can take part in ``lane``: some are about one project, which it has to install."""
    if lane.action not in (Action.SHOW, Action.UPGRADE):
        return True
    names = {canonicalize_name(pin.partition("==")[0]) for pin in exact_pins(lock_path(set_name).read_text("utf-8"))}
    return ONE_PROJECT in names
