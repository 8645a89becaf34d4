"""An environment for commands that look at it: where its distributions are, and what markers and tags hold. Lean.

What costs is worked out when somebody asks: the running interpreter's tags take 6 ms, and `list` needs none.
"""

from __future__ import annotations

import sys

from asyncpip.environment.target import choose_interpreter, running_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.core.ports import RecordStore
    from asyncpip.environment.target import Chosen


class EnvironmentView:
    """The environment of the interpreter that was chosen."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self.notice = chosen.notice
        """What the user should know about the choice, for stderr."""
        if chosen.is_running:
            self.sys_path: list[str] = list(dict.fromkeys(path for path in running_path() if path))
            """Where installed distributions are looked for, in order."""
            prefix, base = sys.prefix, sys.base_prefix
        else:
            facts = chosen.facts
            self.sys_path = facts["sys_path"]
            prefix, base = facts["prefix"], facts["base_prefix"]
        self.virtual_prefix: str | None = prefix if prefix != base else None
        """The virtual environment's directory; None outside of one."""

    @property
    def user_site(self) -> str | None:
        """The user's own site-packages; None where the interpreter has none."""
        if self._chosen.is_running:
            import site  # noqa: PLC0415 - loaded already, except under -S

            return site.getusersitepackages() if hasattr(site, "getusersitepackages") else None
        scheme = self._chosen.facts["user_scheme"]
        return None if scheme is None else scheme["purelib"]

    @property
    def markers(self) -> Mapping[str, str]:
        """The marker variables of PEP 508."""
        if self._chosen.is_running:
            from asyncpip.environment.probe import markers  # noqa: PLC0415 - 5 ms

            return markers()
        return self._chosen.facts["markers"]

    @property
    def tags(self) -> tuple[str, ...]:
        """The wheel tags that the interpreter takes, best first."""
        from asyncpip.environment.tags import interpreter_tags  # noqa: PLC0415 - see above

        facts = self._chosen.facts
        return interpreter_tags(
            implementation=facts["implementation"],
            version=facts["version"],
            nodot=facts["nodot"],
            abis=facts["abis"],
            platform=facts["platform"],
        )

    @property
    def version_info(self) -> tuple[int, ...]:
        """Major, minor and micro version of Python."""
        return tuple(sys.version_info[:3] if self._chosen.is_running else self._chosen.facts["version"])


def open_view(*, python: str | None, environ: Mapping[str, str], records: RecordStore | None) -> EnvironmentView:
    """Return the view of the interpreter that `choose_interpreter` chooses."""
    return EnvironmentView(choose_interpreter(python=python, environ=environ, records=records))
