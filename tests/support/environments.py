"""Virtual environments, ours and pip's command line run on them, and what a directory holds, for comparison.

pip is never in the environment that it works on: `pip --python DIR` runs the target's interpreter on pip's own runner
file, and so does `Workplace.pip`, which saves the first of its two interpreters.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).resolve().parents[2]
_FOREIGN = ("PIP_", "ASYNCPIP_", "VIRTUAL_ENV", "PYTHON", "XDG_", "CI", "BUILD_", "NO_COLOR", "FORCE_COLOR")
"""How variables begin that would change what is tested."""
_MOST_SECONDS = 60
"""What hangs shall fail its test, not the whole run."""
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc", "ssl_cert_file"}


class Outcome(NamedTuple):
    """One process that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Both streams, for the message of a failed assertion."""
        return f"exit code {self.code}\n--- stdout\n{self.stdout}--- stderr\n{self.stderr}"


class Entry(NamedTuple):
    """What stands at one path: permission bits, and content, target of the link, or None for a directory."""

    mode: int
    content: bytes | str | None


Tree = dict[str, Entry]
"""Relative path with `/` to what is there."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment without pip."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def bin(self) -> Path:
        return self.directory / "bin"

    @property
    def site_packages(self) -> Path:
        return self.directory / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    def distributions(self) -> list[str]:
        """Return the names of the dist-info directories, sorted, without their ending."""
        return distributions_in(self.site_packages)


def distributions_in(directory: Path) -> list[str]:
    """Return the names of the dist-info directories of a directory of packages, sorted, without their ending."""
    return sorted(path.name.removesuffix(".dist-info") for path in directory.glob("*.dist-info"))


def make_environment(directory: Path, *options: str, python: str = sys.executable) -> Environment:
    """Make a virtual environment without pip."""
    subprocess.run([python, "-m", "venv", "--without-pip", *options, str(directory)], check=True)
    return Environment(directory)


def copy_environment(template: Environment, directory: Path) -> Environment:
    """Copy one that nothing is installed in: 3 ms instead of the 60 that making one takes."""
    shutil.copytree(template.directory, directory, symlinks=True)
    return Environment(directory)


def read_tree(directory: Path, *, bytecode: bool = True) -> Tree:
    """Return what ``directory`` holds; without ``bytecode`` `__pycache__` directories are left out."""
    found: Tree = {}
    for base, directories, files in os.walk(directory):
        if not bytecode and "__pycache__" in directories:
            directories.remove("__pycache__")
        for name in (*directories, *files):
            path = Path(base, name)
            status = path.lstat()
            content: bytes | str | None = None
            if stat.S_ISLNK(status.st_mode):
                content = str(path.readlink())
            elif stat.S_ISREG(status.st_mode):
                content = path.read_bytes()
            found[path.relative_to(directory).as_posix()] = Entry(stat.S_IMODE(status.st_mode), content)
    return found


def read_record(content: bytes) -> list[list[str]]:
    """Return the rows of a RECORD file."""
    return list(csv.reader(content.decode().splitlines()))


class Workplace:
    """A directory to run commands in, with an environment ``env``, a home, and a working directory ``work``."""

    def __init__(self, directory: Path, template: Environment, *, cache: Path | None = None) -> None:
        self.directory = directory
        self.cache = cache or directory.with_name(directory.name + "-cache")
        self.work = directory / "work"
        self.home = directory / "home"
        self.work.mkdir(parents=True)
        self.home.mkdir()
        self.environment = copy_environment(template, directory / "env")

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return a process environment in which only the arguments of a test decide."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_FOREIGN) and name.lower() not in _PROXIES
        }
        return {
            **kept,
            "HOME": str(self.home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            **(extra or {}),
        }

    def asyncpip(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        python: Path | str | None = "",
        typed: str = "",
    ) -> Outcome:
        """Run ``asyncpip ARGUMENTS`` on the environment, or on another ``python``.

        With None no environment is named, and the base interpreter runs the command, as one installation that serves
        many environments does; give a `VIRTUAL_ENV`, or what is installed lands there. ``typed`` stands on stdin.
        """
        place = () if python is None else ("--python", str(python or self.environment.directory))
        interpreter = sys.executable if python is not None else os.path.realpath(sys.executable)
        libraries = [str(REPOSITORY)] if python is not None else [str(REPOSITORY), sysconfig.get_path("purelib")]
        extra = {"PYTHONPATH": os.pathsep.join(libraries), "PIP_CACHE_DIR": str(self.cache), **(environ or {})}
        return self._run([interpreter, "-m", "asyncpip", *arguments, *place], self.environ(extra), typed)

    def install(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Outcome:
        """Run ``asyncpip install ARGUMENTS`` on the environment."""
        return self.asyncpip("install", *arguments, environ=environ)

    def pip(self, *arguments: str, environ: Mapping[str, str] | None = None, typed: str = "") -> Outcome:
        """Run ``pip ARGUMENTS`` on the environment, ``typed`` on its stdin."""
        extra = {"PIP_NO_CACHE_DIR": "1", **(environ or {})}
        return self._run([str(self.environment.python), pip_runner(), *arguments], self.environ(extra), typed)

    def _run(self, argv: list[str], environ: dict[str, str], typed: str) -> Outcome:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.work,
            env=environ,
            input=typed,
            timeout=_MOST_SECONDS,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def pip_runner() -> str:
    """Return the file that an interpreter without pip can run pip by."""
    found = importlib.util.find_spec("pip")
    if found is None or found.origin is None:
        raise RuntimeError("the golden tests need pip beside asyncpip")
    return str(Path(found.origin).with_name("__pip-runner__.py"))
