"""The interpreter that is installed for, as values. Lean."""

from __future__ import annotations

from asyncpip.core.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class SchemePaths(Value):
    """Absolute directories that the parts of a wheel go to (sysconfig's words)."""

    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    """Without the project's name, which is appended for each wheel."""


class TargetEnvironment(Value):
    """An interpreter and where its distributions live."""

    executable: str
    """What shebangs name: absolute, links not resolved."""
    python_full_version: str
    """``3.11.7``; what Requires-Python is compared with."""
    implementation: str
    """``cpython``."""
    cache_tag: str | None
    """``cpython-311``, part of `.pyc` names."""
    markers: Mapping[str, str]
    """The eleven marker variables of PEP 508."""
    tags: tuple[str, ...]
    """Supported wheel tags, best first."""
    scheme: SchemePaths
    prefix: str
    base_prefix: str
    stdlib: str
    """Where an EXTERNALLY-MANAGED file would be (PEP 668)."""
    sys_path: tuple[str, ...]
    """Places where installed distributions are looked for, in order."""
    user_scheme: SchemePaths | None
    """None where the interpreter has no user site."""
    user_site_enabled: bool
    """False where `site.ENABLE_USER_SITE` is."""
    include_system_site: bool = False
    """For a virtual environment: whether it sees the base interpreter's packages."""

    @property
    def is_virtual(self) -> bool:
        """Whether this is a virtual environment (PEP 405)."""
        return self.prefix != self.base_prefix
