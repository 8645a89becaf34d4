"""One command line through pip and through asyncpip, in two places at the same path, and whether all is the same."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from tests.support.environments import Entry, Workplace, read_record, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.golden.differences import Wanted
    from tests.support.environments import Environment, Outcome, Tree
    from tests.support.index_server import IndexServer

_INSTALLER = re.compile(r"\.dist-info/INSTALLER$")
_RECORD = re.compile(r"\.dist-info/RECORD$")
_READ_BY_SCRIPTS = (
    "Successfully installed ",
    "Installing collected packages: ",
    "Would install ",
    "Requirement already satisfied: ",
    "Attempting uninstall: ",
    "Found existing installation: ",
    "Collecting ",
    "Processing ",
    "Ignoring ",
    "Defaulting to user installation",
)


class Side(NamedTuple):
    """What a command line came to."""

    outcome: Outcome
    tree: Tree


class Pair(NamedTuple):
    """The same command line twice."""

    pip: Side
    ours: Side

    @property
    def text(self) -> str:
        """All that both said."""
        return f"\n===== pip: {self.pip.outcome.text}\n===== asyncpip: {self.ours.outcome.text}"


class Twins:
    """Two workplaces; the one in use stands at `place`, so that paths in files and messages are the same."""

    def __init__(self, directory: Path, template: Environment, server: IndexServer, cache: Path) -> None:
        self.server = server
        self.place = directory / "place"
        self._aside = directory / "aside"
        Workplace(self.place, template, cache=cache)
        self.place.rename(self._aside)
        self.workplace = Workplace(self.place, template, cache=cache)
        self._at_place = "pip"
        self._known: set[str] = set()

    def each(self, act: Callable[[Workplace], None]) -> None:
        """Do the same in both places."""
        for _ in range(2):
            act(self.workplace)
            self._switch()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files below both working directories; `{…}` of `fill` counts in texts."""

        def write(workplace: Workplace) -> None:
            for name, content in files.items():
                path = workplace.work / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else self.fill(content).encode())

        self.each(write)

    def fill(self, text: str) -> str:
        """Return ``text`` with `{work}`, `{env}`, `{files}`, `{index}` and `{url}` filled in."""
        values = {
            "work": str(self.workplace.work),
            "env": str(self.workplace.environment.directory),
            "files": self.server.url + "/files",
            "index": self.server.index_url,
            "url": self.server.url,
        }
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)

    def run(self, line: str, *, index: bool = True, compiled: bool = False, **environ: str) -> Pair:
        """Run ``install LINE`` in both places. What pip compiles unless told otherwise is wanted with ``compiled``."""
        arguments = ["install", *(["-i", self.server.index_url] if index else []), *shlex.split(self.fill(line))]
        ours = ["--compile"] if compiled else []
        theirs = [] if compiled else ["--no-compile"]
        return self._run([*arguments, *theirs], [*arguments, *ours], environ=environ)

    def run_command(self, line: str, *, typed: str = "", **environ: str) -> Pair:
        """Run ``LINE``, the command's name first, in both places; ``typed`` is what stands on stdin."""
        arguments = shlex.split(self.fill(line))
        return self._run(arguments, arguments, typed=typed, environ=environ)

    def check(
        self, line: str, *wanted: Wanted, code: int = 0, index: bool = True, compiled: bool = False, **environ: str
    ) -> Pair:
        """`run`, and compare everything but the ``wanted`` differences; paths that differed before are passed over."""
        return self._compare(self.run(line, index=index, compiled=compiled, **environ), told, wanted, code)

    def check_command(
        self,
        line: str,
        *wanted: Wanted,
        code: int | None = 0,
        typed: str = "",
        said: Callable[[Outcome], list[str]] | None = None,
        **environ: str,
    ) -> Pair:
        """`run_command`, and compare all of stdout, or what ``said`` makes of it, and the rest as `check` does.

        ``code`` None is whatever pip ends with.
        """
        return self._compare(self.run_command(line, typed=typed, **environ), said or verbatim, wanted, code)

    def _run(self, theirs: list[str], ours: list[str], *, environ: Mapping[str, str], typed: str = "") -> Pair:
        sides = {}
        for _ in range(2):
            if self._at_place == "pip":
                outcome = self.workplace.pip(*theirs, environ=environ, typed=typed)
            else:
                outcome = self.workplace.asyncpip(*ours, environ=environ, typed=typed)
            sides[self._at_place] = Side(outcome, read_tree(self.place))
            self._switch()
        return Pair(pip=sides["pip"], ours=sides["ours"])

    def _compare(
        self, pair: Pair, said: Callable[[Outcome], list[str]], wanted: tuple[Wanted, ...], code: int | None
    ) -> Pair:
        found = [line for line in differences(pair, said) if line not in self._known]
        self._known.update(line for line in found if line.startswith(("env/", "work/", "home/")))
        for each in wanted:
            shows = any(_begins(each, line) for line in found)
            assert shows or not each.value.is_certain, f"{each.name} does not show\n{found}{pair.text}"
        left = [line for line in found if not any(_begins(each, line) for each in wanted)]
        assert not left, "\n".join([*left, pair.text])
        assert code is None or pair.ours.outcome.code == code, pair.text
        return pair

    def pip(self, line: str, *, code: int = 0) -> tuple[str, str]:
        """Run ``pip LINE`` in both places; return what it wrote to stdout in pip's, and in ours."""
        results = {}
        for _ in range(2):
            outcome = self.workplace.pip(*shlex.split(self.fill(line)))
            assert outcome.code == code, outcome.text
            results[self._at_place] = outcome.stdout
            self._switch()
        return results["pip"], results["ours"]

    def _switch(self) -> None:
        spare = self._aside.with_name("spare")
        self.place.rename(spare)
        self._aside.rename(self.place)
        spare.rename(self._aside)
        self._at_place = "ours" if self._at_place == "pip" else "pip"


def _begins(wanted: Wanted, line: str) -> bool:
    return re.match(wanted.value.pattern, line, re.DOTALL) is not None


def comparable_tree(tree: Tree) -> Tree:
    """Return ``tree`` without what names the installer, what bytecode files hold, and the order in JSON."""
    result: Tree = {}
    for path, entry in tree.items():
        # pip asks rustc for its version, for the user agent; git keeps times in its index.
        if path.startswith("home/.rustup") or "/.git/" in path:
            continue
        content = entry.content
        if _INSTALLER.search(path):
            content = None
        elif _RECORD.search(path) and isinstance(content, bytes):
            rows = [row[:1] if _INSTALLER.search(row[0]) else row for row in read_record(content)]
            content = "\n".join(",".join(row) for row in rows)
        elif path.endswith("direct_url.json") and isinstance(content, bytes):
            with contextlib.suppress(ValueError):  # one that a test has damaged
                content = json.dumps(json.loads(content), sort_keys=True)
        elif path.endswith(".pyc"):
            content = None
        result[path] = Entry(entry.mode, content)
    return result


def told(outcome: Outcome) -> list[str]:
    """Return the lines that scripts read; most come as the work goes on, in an order that is nobody's promise."""
    return sorted(line.strip() for line in outcome.stdout.splitlines() if line.strip().startswith(_READ_BY_SCRIPTS))


def verbatim(outcome: Outcome) -> list[str]:
    """Return all lines of stdout, in order."""
    return outcome.stdout.splitlines()


def as_json(outcome: Outcome) -> list[str]:
    """Return stdout, which is JSON, as lines that do not show its layout and the order of keys."""
    return json.dumps(json.loads(outcome.stdout), sort_keys=True, indent=1).splitlines()


def kinds_on_stderr(outcome: Outcome) -> list[str]:
    """Return which of `ERROR`, `WARNING`, `DEPRECATION` stderr holds."""
    return sorted(set(re.findall(r"^ *(ERROR|WARNING|DEPRECATION): ", outcome.stderr, re.MULTILINE)))


def differences(pair: Pair, said: Callable[[Outcome], list[str]] = told) -> list[str]:
    """Return a line for each way in which the two sides differ; of stdout, what ``said`` makes of it counts."""
    found = []
    if pair.pip.outcome.code != pair.ours.outcome.code:
        found.append(f"exit code: pip {pair.pip.outcome.code}, asyncpip {pair.ours.outcome.code}")
    theirs, ours = comparable_tree(pair.pip.tree), comparable_tree(pair.ours.tree)
    found += [
        f"{path}: pip {theirs.get(path)}, asyncpip {ours.get(path)}"
        for path in sorted(theirs.keys() | ours.keys())
        if theirs.get(path) != ours.get(path)
    ]
    they_said, we_said = said(pair.pip.outcome), said(pair.ours.outcome)
    found += [f"only pip says: {line}" for line in they_said if line not in we_said]
    found += [f"only asyncpip says: {line}" for line in we_said if line not in they_said]
    if they_said != we_said and set(they_said) == set(we_said):
        found.append(f"order on stdout: pip {they_said}, asyncpip {we_said}")
    kinds, our_kinds = kinds_on_stderr(pair.pip.outcome), kinds_on_stderr(pair.ours.outcome)
    if kinds != our_kinds:
        found.append(f"on stderr: pip {kinds}, asyncpip {our_kinds}")
    return found
