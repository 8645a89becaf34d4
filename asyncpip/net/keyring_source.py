"""Asks the system's keyring for credentials, as `--keyring-provider` says.

Everything here may block, and for as long as a person takes to unlock a keyring.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

from asyncpip.core.events import Level, Message
from asyncpip.core.urls import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.core.events import Reporter


class _Backend(Protocol):
    """A keyring behind one of the two ways to reach it."""

    def get(self, service: str, username: str | None) -> Credentials | None:
        """Return the credentials for ``service``, of that user if one is given; None for none."""

    def set(self, service: str, credentials: Credentials) -> None:
        """Keep the credentials."""


class _ImportedKeyring:
    """The `keyring` package of our own environment."""

    def __init__(self) -> None:
        import keyring  # optional, and slow

        self._keyring = keyring

    def get(self, service: str, username: str | None) -> Credentials | None:
        if hasattr(self._keyring, "get_credential"):  # since keyring 15.2
            found = self._keyring.get_credential(service, username)
            return Credentials(found.username, found.password) if found is not None else None
        password = self._keyring.get_password(service, username) if username is not None else None
        return Credentials(username, password) if username is not None and password else None

    def set(self, service: str, credentials: Credentials) -> None:
        self._keyring.set_password(service, credentials.username, credentials.password or "")


class _KeyringProgram:
    """The `keyring` command line, 25.2.1 or later."""

    def __init__(self, program: str, environ: Mapping[str, str]) -> None:
        self._program = program
        self._environ = {**environ, "PYTHONIOENCODING": "utf-8"}

    def get(self, service: str, username: str | None) -> Credentials | None:
        import json  # noqa: PLC0415 - as below
        import subprocess  # noqa: PLC0415 - few are asked by a program

        argv = [self._program, "--mode=creds", "--output=json", "get", service]
        done = subprocess.run(
            argv if username is None else [*argv, username],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._environ,
            check=False,
        )
        complaint = done.stderr.decode("utf-8", "replace")
        if done.returncode == 2 and "unrecognized arguments" in complaint and "--mode=creds" in complaint:  # noqa: PLR2004
            raise RuntimeError("the keyring program is too old: 25.2.1 or later is needed")
        if done.returncode:
            return None
        answer = json.loads(done.stdout)
        return Credentials(str(answer["username"]), str(answer["password"]))

    def set(self, service: str, credentials: Credentials) -> None:
        import subprocess  # noqa: PLC0415 - as above

        subprocess.run(
            [self._program, "set", service, credentials.username],
            input=f"{credentials.password or ''}{os.linesep}".encode(),
            env=self._environ,
            check=True,
            capture_output=True,
        )


class KeyringSource:
    """The keyring, found when first asked. One that fails is warned of once and left alone from then on."""

    def __init__(self, provider: str, *, allow_input: bool, environ: Mapping[str, str], reporter: Reporter) -> None:
        # `auto` may make the keyring ask the user something, so it is off where nobody is to be asked (pip).
        self._provider = "disabled" if provider == "auto" and not allow_input else provider
        self._environ = environ
        self._reporter = reporter
        self._lock = threading.Lock()
        self._backend: _Backend | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether asking can give anything; True too while nobody has looked for a keyring."""
        return self._provider != "disabled"

    def get(self, service: str, username: str | None) -> Credentials | None:
        """Return what the keyring holds for ``service``, an index URL or a host; None for nothing. Blocks."""
        backend = self._find_backend()
        if backend is None:
            return None
        try:
            return backend.get(service, username)
        except Exception as error:  # noqa: BLE001 - keyring backends raise what they like
            self._give_up(f"Keyring is skipped due to an exception: {error}")
            return None

    def has_backend(self) -> bool:
        """Return whether there is a keyring that could keep something. Blocks."""
        return self._find_backend() is not None

    def save(self, service: str, credentials: Credentials) -> None:
        """Keep ``credentials``; a failure is a warning. Blocks."""
        backend = self._find_backend()
        if backend is None:
            return
        try:
            backend.set(service, credentials)
        except Exception as error:  # noqa: BLE001 - keyring backends raise what they like
            self._reporter.emit(Message(Level.WARNING, f"Failed to save credentials: {type(error).__name__}"))

    def _find_backend(self) -> _Backend | None:
        with self._lock:
            if self._backend is None and self.is_enabled:
                self._backend = self._new_backend()
                if self._backend is None:
                    self._provider = "disabled"
            return self._backend

    def _new_backend(self) -> _Backend | None:
        if self._provider in ("auto", "import"):
            try:
                return _ImportedKeyring()
            except ImportError:
                pass
            except Exception as error:  # noqa: BLE001 - a broken keyring installation fails in any way
                then = ", trying the keyring program" if self._provider == "auto" else ""
                text = f"Installed copy of keyring fails with exception {error}{then}"
                self._reporter.emit(Message(Level.WARNING, text))
        if self._provider in ("auto", "subprocess"):
            import sysconfig  # noqa: PLC0415 - only for this

            program = find_keyring_program(self._environ.get("PATH"), own_scripts=sysconfig.get_path("scripts"))
            if program is not None:
                return _KeyringProgram(program, self._environ)
        return None

    def _give_up(self, warning: str) -> None:
        with self._lock:
            if not self.is_enabled:
                return
            self._provider, self._backend = "disabled", None
        self._reporter.emit(Message(Level.WARNING, warning))


def find_keyring_program(search_path: str | None, *, own_scripts: str) -> str | None:
    """Return the first `keyring` on the path that is not of our own environment, where importing it is the way."""
    import shutil  # noqa: PLC0415 - 5 ms: it loads the compressors

    program = shutil.which("keyring", path=search_path)
    if program is None or not program.startswith(own_scripts):
        return program
    places = (search_path if search_path is not None else os.defpath).split(os.pathsep)
    others = [place for place in places if os.path.realpath(place) != os.path.realpath(own_scripts)]
    return shutil.which("keyring", path=os.pathsep.join(others))
