"""A place to run commands in, and commands that are interrupted."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import REPOSITORY, Outcome, Workplace, make_environment, read_tree

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.environments import Environment, Tree

PATIENCE_SECONDS = 20


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment that is only copied."""
    return make_environment(tmp_path_factory.mktemp("template") / "env")


class Site(Workplace):
    """A workplace whose commands may be interrupted or kept from writing."""

    def tree(self) -> Tree:
        """Everything in the environment."""
        return read_tree(self.environment.directory)

    def store_leftovers(self) -> list[str]:
        """What a run that is over must not leave in the store."""
        folder = self.cache / "asyncpip" / "tmp"
        return [path.name for path in folder.iterdir()] if folder.is_dir() else []

    def start(
        self, *arguments: str, command: str = "install", largest_file_bytes: int | None = None
    ) -> subprocess.Popen[str]:
        """Start ``asyncpip COMMAND ARGUMENTS`` in a process group of its own."""
        extra = {
            "PYTHONPATH": str(REPOSITORY),
            "PIP_CACHE_DIR": str(self.cache),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

        def limit() -> None:
            if largest_file_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, resource.RLIM_INFINITY))

        return subprocess.Popen(
            [sys.executable, "-m", "asyncpip", command, *arguments, "--python", str(self.environment.directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.work,
            env=self.environ(extra),
            start_new_session=True,
            preexec_fn=limit,  # noqa: PLW1509 - a limit can be set nowhere else, and no thread holds a lock that matters
        )

    def install_with_full_disk(self, *arguments: str, largest_file_bytes: int, command: str = "install") -> Outcome:
        """Run ``asyncpip COMMAND ARGUMENTS`` where no file can grow beyond a size."""
        process = self.start(*arguments, command=command, largest_file_bytes=largest_file_bytes)
        stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        return Outcome(process.returncode, stdout, stderr)

    def interrupt(
        self,
        number: signal.Signals,
        *arguments: str,
        when: Callable[[], bool],
        group: bool = False,
        command: str = "install",
        presses: int = 1,
    ) -> Outcome:
        """Run ``asyncpip COMMAND ARGUMENTS`` and send it a signal once ``when()`` holds; no process may outlive it.

        ``presses`` is how many times, as fast as a hand does.
        """
        process = self.start(*arguments, command=command)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not when():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"it never came to that: {process.communicate()}")
            time.sleep(0.001)
        for _ in range(presses):
            if not group:
                process.send_signal(number)
            elif self._is_group_alive(process.pid):
                os.killpg(process.pid, number)
            time.sleep(0.03 if presses > 1 else 0)
        stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        while self._is_group_alive(process.pid):
            assert time.monotonic() < deadline, "a child process was left behind"
            time.sleep(0.005)
        return Outcome(process.returncode, stdout, stderr)

    @staticmethod
    def _is_group_alive(group: int) -> bool:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def site(tmp_path: Path, template: Environment) -> Site:
    """A place with an environment and a store of its own."""
    return Site(tmp_path / "place", template)
