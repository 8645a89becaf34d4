"""A build backend's hooks (PEP 517, 660), each called in a child process through `pyproject_hooks`.

Calls block; they are made in worker threads. What a hook prints goes to the build's log, and a hook that fails becomes
a `BuildError` that shows its end.
"""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING

import pyproject_hooks
from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller, HookMissing

from asyncpip.build.failure_hints import hint_for
from asyncpip.core.urls import redact
from asyncpip.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from asyncpip.build.build_system import BuildSystem
    from asyncpip.build.child import Children, OutputLog

    ConfigSettings = Mapping[str, str | list[str]]

_EDITABLE_HOOKS = frozenset(
    ("get_requires_for_build_editable", "prepare_metadata_for_build_editable", "build_editable")
)
_MOST_SHOWN_LINES = 25


class _ChildFailed(Exception):  # noqa: N818 - becomes a BuildError one frame up
    """The hook's process ended with an error."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _NoWarning(UserWarning):
    """Stands for a class that older `pyproject_hooks` lack."""


class Backend:
    """The backend of one source tree."""

    def __init__(
        self,
        tree: str,
        system: BuildSystem,
        *,
        label: str,
        python: str,
        environ: Mapping[str, str],
        children: Children,
        log: OutputLog,
        editable: bool,
        config_settings: ConfigSettings | None,
        warn: Callable[[str], None],
    ) -> None:
        """``environ`` is the environment of hooks; ``warn`` takes what the backend warns of in Python's way."""
        # They are told through `warn`; `warn_explicit` in our own process would write past the printer.
        warnings.simplefilter("ignore", getattr(pyproject_hooks, "BuildBackendWarning", _NoWarning))
        self.label = label
        self.system = system
        self.log = log
        self._editable = editable
        self._settings = dict(config_settings) if config_settings else None
        self._environ = environ
        self._children = children
        self._warn = warn
        try:
            self._hooks = BuildBackendHookCaller(
                tree,
                system.backend,
                backend_path=list(system.backend_path) or None,
                runner=self._run,
                python_executable=python,
            )
        except ValueError as error:
            raise BuildError(
                f"Can not process {label}", why=f"`backend-path` of its pyproject.toml: {error}"
            ) from error

    def requires(self) -> Sequence[str]:
        """Return what the backend asks for beside `requires` of `pyproject.toml`."""
        kind = "editable" if self._editable else "wheel"
        hook = (
            self._hooks.get_requires_for_build_editable if self._editable else self._hooks.get_requires_for_build_wheel
        )
        result = self._call(f"getting requirements to build {kind}", hook, self._settings)
        if not isinstance(result, list) or not all(isinstance(item, str) for item in result):
            raise BuildError(
                f"Failed to build '{self.label}' when getting requirements to build {kind}",
                why=f"the backend `{self.system.backend}` returned {result!r}, which is no list of requirements",
            )
        return result

    def metadata(self, directory: str) -> bytes:
        """Return METADATA, which the backend leaves in ``directory``; may build the whole wheel for it."""
        if self._editable:
            step, hook = "preparing editable metadata (pyproject.toml)", self._hooks.prepare_metadata_for_build_editable
        else:
            step, hook = "preparing metadata (pyproject.toml)", self._hooks.prepare_metadata_for_build_wheel
        name = self._call(step, hook, directory, self._settings)
        try:
            with open(os.path.join(directory, name, "METADATA"), "rb") as reading:
                return reading.read()
        except (OSError, TypeError, ValueError) as error:
            raise BuildError(
                f"Failed to build '{self.label}' when {step}",
                why=f"the backend `{self.system.backend}` said that {name!r} holds the metadata: {error}",
            ) from error

    def wheel(self, directory: str, metadata_directory: str | None) -> str:
        """Build the wheel into ``directory`` and return its path; ``metadata_directory`` is what `metadata` filled."""
        step = f"building {'editable' if self._editable else 'wheel'}"
        hook = self._hooks.build_editable if self._editable else self._hooks.build_wheel
        name = self._call(step, hook, directory, self._settings, self._info_in(metadata_directory))
        path = os.path.join(directory, os.path.basename(name)) if isinstance(name, str) and name else directory
        if not os.path.isfile(path) or not path.endswith(".whl"):
            raise BuildError(
                f"Failed to build '{self.label}' when {step}",
                why=f"the backend `{self.system.backend}` said that it made {name!r}, but there is no such wheel",
            )
        return path

    @staticmethod
    def _info_in(directory: str | None) -> str | None:
        """Return the dist-info directory that hooks are handed (PEP 517: exactly what the metadata hook made)."""
        if directory is None:
            return None
        names = [name for name in os.listdir(directory) if name.endswith(".dist-info")]
        return os.path.join(directory, names[0]) if len(names) == 1 else None

    def _call(self, step: str, hook: Callable[..., Any], *arguments: object) -> Any:
        what = f"Failed to build '{self.label}' when {step}"
        try:
            return hook(*arguments)
        except _ChildFailed as error:
            raise self._failed(what, error.code) from error
        except BackendUnavailable as error:
            reason = error.traceback.strip().rpartition("\n")[2] or str(error).partition("\n")[0]
            raise BuildError(
                what,
                why=f"Cannot import the build backend `{self.system.backend}`: {redact(reason)}",
                hint=f"`build-backend` or `requires` of [build-system] in the pyproject.toml of {self.label} is wrong, "
                "or (with --no-build-isolation) what they name is not installed",
            ) from error
        except HookMissing as error:
            raise self._missing(what, error.hook_name) from error
        except OSError as error:
            raise BuildError(what, why=str(error)) from error

    def _missing(self, what: str, hook_name: str) -> BuildError:
        if hook_name in _EDITABLE_HOOKS:
            return BuildError(
                f"Project {self.label} uses a build backend that is missing the 'build_editable' hook, so it cannot be "
                "installed in editable mode.",
                why=f"the backend is `{self.system.backend}`",
                hint="Consider using a build backend that supports PEP 660, or install without -e.",
            )
        return BuildError(what, why=f"the backend `{self.system.backend}` has no hook {hook_name!r}")

    def _failed(self, what: str, code: int) -> BuildError:
        """Return the error for a hook whose process ended with ``code``: the end of what it said, and where all is."""
        ended = f"it was killed by signal {-code}" if code < 0 else f"exit code {code}"
        why = f"the backend `{self.system.backend}` failed ({ended}); the end of its output:\n"
        why += self.log.show(_MOST_SHOWN_LINES)
        return BuildError(what, why=why, hint=hint_for(self.log.tail(), self.label))

    def _run(self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        """Run a hook's process; what `pyproject_hooks` calls."""
        environ = {**self._environ, **(extra_environ or {})}
        shown = f"{os.path.basename(cmd[0])} {cmd[2] if len(cmd) > 2 else ''} # {self.system.backend}"  # noqa: PLR2004
        code = self._children.run(cmd, cwd=cwd, environ=environ, log=self.log, shown=shown)
        if code:
            raise _ChildFailed(code)
        for warning in _warnings_in(cmd[-1]):
            self.log.take(warning)
            self._warn(f"{self.label}: {redact(warning)}")


def _warnings_in(directory: str) -> list[str]:
    """Return what the backend warned of in Python's way, which newer `pyproject_hooks` take off its output."""
    try:
        with open(os.path.join(directory, "output.json"), encoding="utf-8") as reading:
            return [str(each["message"]) for each in json.load(reading).get("warnings", ())]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
