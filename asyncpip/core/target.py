"""The interpreter that is installed for, as values. Lean."""

from __future__ import annotations

from asyncpip.core.values import LeanValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class SchemePaths(LeanValue):
    """Absolute directories that the parts of a wheel go to (sysconfig's words)."""

    __slots__ = ("data", "headers", "platlib", "purelib", "scripts")

    def __init__(self, *, purelib: str, platlib: str, scripts: str, data: str, headers: str) -> None:
        self.purelib = purelib
        self.platlib = platlib
        self.scripts = scripts
        self.data = data
        self.headers = headers
        """Without the project's name, which is appended for each wheel."""


class TargetEnvironment(LeanValue):
    """An interpreter and where its distributions live."""

    __slots__ = (
        "base_prefix",
        "cache_tag",
        "executable",
        "implementation",
        "include_system_site",
        "markers",
        "prefix",
        "python_full_version",
        "scheme",
        "stdlib",
        "sys_path",
        "tags",
        "user_scheme",
        "user_site_enabled",
    )

    def __init__(
        self,
        *,
        executable: str,
        python_full_version: str,
        implementation: str,
        cache_tag: str | None,
        markers: Mapping[str, str],
        tags: tuple[str, ...],
        scheme: SchemePaths,
        prefix: str,
        base_prefix: str,
        stdlib: str,
        sys_path: tuple[str, ...],
        user_scheme: SchemePaths | None,
        user_site_enabled: bool,
        include_system_site: bool = False,
    ) -> None:
        self.executable = executable
        """What shebangs name: absolute, links not resolved."""
        self.python_full_version = python_full_version
        """``3.11.7``; what Requires-Python is compared with."""
        self.implementation = implementation
        """``cpython``."""
        self.cache_tag = cache_tag
        """``cpython-311``, part of `.pyc` names."""
        self.markers = markers
        """The eleven marker variables of PEP 508."""
        self.tags = tags
        """Supported wheel tags, best first."""
        self.scheme = scheme
        self.prefix = prefix
        self.base_prefix = base_prefix
        self.stdlib = stdlib
        """Where an EXTERNALLY-MANAGED file would be (PEP 668)."""
        self.sys_path = sys_path
        """Places where installed distributions are looked for, in order."""
        self.user_scheme = user_scheme
        """None where the interpreter has no user site."""
        self.user_site_enabled = user_site_enabled
        """False where `site.ENABLE_USER_SITE` is."""
        self.include_system_site = include_system_site
        """For a virtual environment: whether it sees the base interpreter's packages."""

    @property
    def is_virtual(self) -> bool:
        """Whether this is a virtual environment (PEP 405)."""
        return self.prefix != self.base_prefix
