"""Runs of asyncpip that are killed at every step that changes a place, or at random times; and what is found then.

A program, for forking needs a process without threads: it takes a plan as JSON on stdin and answers as JSON on stdout.
Each run is a fork of it that has everything imported: 50 ms instead of 400. The hook that kills is an audit hook, so
the program under test knows nothing of it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.environments import REPOSITORY, read_tree
from tests.support.forked_commands import import_all, start_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.environments import Tree

_CHANGES = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink")
_MOST_STEPS = 400


@dataclass(frozen=True, kw_only=True)
class End:
    """What one killed run and the command after it left."""

    step: str
    """Which change the run was killed before; for a random kill, when."""
    state: str
    """``before``, ``after``, ``half``: the place, when the next command had looked at it."""
    code: int
    """How the run ended: its exit code, or the negative number of a signal."""
    text: str
    """What it had printed."""
    was_changed: bool
    """Whether the kill left anything but these, for that command to put right."""
    look: str
    """What that command printed, and its exit code."""
    look_code: int


@dataclass(frozen=True, kw_only=True)
class Ends:
    """All that was found."""

    ends: list[End] = field(default_factory=list)

    def states(self) -> list[str]:
        """Return the state of each end."""
        return [end.state for end in self.ends]


def killed_runs(
    arguments: Sequence[str],
    look: Sequence[str],
    *,
    place: Path,
    cwd: Path,
    environ: Mapping[str, str],
    stride: int = 1,
    random_kills: int = 0,
    seed: int = 0,
    number: signal.Signals = signal.SIGKILL,
    again_after: int = 0,
    alone: bool = False,
    watched: Path | None = None,
    disturbances: Sequence[int] = (),
    timeout_seconds: float = 280,
) -> Ends:
    """Kill ``asyncpip ARGUMENTS`` once before each of its changes to ``place``, and run ``asyncpip LOOK`` after each.

    The place is put back before each run. ``stride`` leaves changes out, only every so many is a run's last. ``number``
    is the signal; with ``again_after`` it comes again so many changes later, when the run is perhaps undoing them.
    ``watched``, a directory in ``place``, has the changes that count instead; how it looks then is no matter.
    With ``disturbances`` the second command is first killed too, before each of its changes of these numbers.

    With ``random_kills`` the runs are killed so often, at random times: their whole process groups, unless ``alone``,
    for then what they have forked lives on for a moment.
    """
    plan = {
        "arguments": list(arguments),
        "look": list(look),
        "place": str(place),
        "stride": stride,
        "random_kills": random_kills,
        "seed": seed,
        "number": int(number),
        "again_after": again_after,
        "alone": alone,
        "watched": str(watched or place),
        "disturbances": list(disturbances),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_runs"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=timeout_seconds,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{done.stdout}\n{done.stderr}")
    return Ends(ends=[End(**each) for each in json.loads(done.stdout)])


class _Driver:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.arguments: list[str] = plan["arguments"]
        self.look: list[str] = plan["look"]
        self.number = signal.Signals(plan["number"])
        self.again_after: int = plan["again_after"]
        self.alone: bool = plan["alone"]
        self.watched: str = plan["watched"]
        self.disturbances: list[int] = plan["disturbances"]
        self.place = Path(plan["place"])
        self.saved = self.place.with_name(self.place.name + "-saved")
        self.log = self.place.with_name(self.place.name + "-log")
        if self.place.exists():
            shutil.copytree(self.place, self.saved, symlinks=True)
        self.before = self.found()
        started = time.monotonic()
        code = self.wait(self.start(self.arguments))
        self.seconds = time.monotonic() - started
        if code != 0:
            raise RuntimeError(self.log.read_text())
        self.after = self.found()

    def found(self) -> Tree:
        """Return what is there; directories in which nothing is do not count."""
        tree = read_tree(self.place)
        if self.watched != str(self.place):
            aside = os.path.relpath(self.watched, self.place)
            tree = {name: entry for name, entry in tree.items() if not f"{name}/".startswith(f"{aside}/")}
        kept = {name for name, entry in tree.items() if entry.content is not None}
        return {
            name: entry for name, entry in tree.items() if name in kept or any(k.startswith(name + "/") for k in kept)
        }

    def is_changed(self) -> bool:
        """Return whether anything half done is there; also while what a killed run has forked goes on for a moment."""
        try:
            return self.found() not in (self.before, self.after)
        except FileNotFoundError:
            return True

    def restore(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        if self.saved.exists():
            shutil.copytree(self.saved, self.place, symlinks=True)

    def start(self, arguments: list[str], hook: Callable[[str, tuple[Any, ...]], None] | None = None) -> int:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            return start_fork(arguments, log, log, hook)
        finally:
            os.close(log)

    @staticmethod
    def wait(child: int) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def at_steps(self, stride: int) -> list[End]:
        ends: list[End] = []
        for step in range(1, _MOST_STEPS, stride):
            self.restore()
            reading, writing = os.pipe()
            code = self.wait(self.start(self.arguments, self._hook(step, writing)))
            os.close(writing)
            with os.fdopen(reading, "rb") as told:
                name = told.read().decode()
            if not name:  # it came to its end before
                return ends
            ends.append(self.end(f"{step}: {name}", code))
        raise RuntimeError("it does not end")

    def at_random(self, count: int, seed: int) -> list[End]:
        dice = random.Random(seed)  # noqa: S311 - times, not secrets
        ends: list[End] = []
        for number in range(count):
            self.restore()
            seconds = dice.uniform(0, self.seconds * 1.1)
            child = self.start(self.arguments)
            time.sleep(seconds)
            (os.kill if self.alone else os.killpg)(child, signal.SIGKILL)
            ends.append(self.end(f"{number}: {seconds:.4f} s", self.wait(child)))
        return ends

    def end(self, step: str, ended: int) -> End:
        said = self.log.read_text()
        was_changed = self.is_changed()
        for step_of_look in self.disturbances:
            self.wait(self.start(self.look, self._hook(step_of_look, None)))
        code = self.wait(self.start(self.look))
        found = self.found()
        state = "before" if found == self.before else "after" if found == self.after else "half"
        text = self.log.read_text()
        if state == "half":
            other = {name for name in found.keys() | self.before.keys() if found.get(name) != self.before.get(name)}
            text += f"differs from before: {sorted(other)[:10]}"
        return End(step=step, state=state, code=ended, text=said, was_changed=was_changed, look=text, look_code=code)

    def _hook(self, step: int, telling: int | None) -> Callable[[str, tuple[Any, ...]], None]:
        place = self.watched
        left = step

        def look(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if event not in _CHANGES:
                return
            if event == "open":
                if not isinstance(arguments[2], int) or not arguments[2] & (os.O_WRONLY | os.O_RDWR):
                    return
                paths, below = arguments[:1], False
            else:
                paths = arguments[:2]
                below = arguments[-1] not in (-1, None) and event != "os.symlink"
            if not below and not any(isinstance(path, str) and path.startswith(place) for path in paths):
                return
            left -= 1
            if left == 0 or (self.again_after and left == -self.again_after):
                if telling is not None:
                    os.write(telling, f"{event} {paths}".encode())
                os.killpg(os.getpgrp(), self.number)

        return look


def run() -> None:
    """Carry out the plan on stdin."""
    plan = json.load(sys.stdin)
    answering = os.dup(1)
    import_all()
    driver = _Driver(plan)
    count = plan["random_kills"]
    ends = driver.at_random(count, plan["seed"]) if count else driver.at_steps(plan["stride"])
    with os.fdopen(answering, "w") as out:
        json.dump([end.__dict__ for end in ends], out)


if __name__ == "__main__":
    run()
