"""Targets as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncpip.core.target import SchemePaths, TargetEnvironment
from asyncpip.core.values import replace
from asyncpip.environment.tags import interpreter_tags
from asyncpip.environment.target import SchemeTemplates

if TYPE_CHECKING:
    from asyncpip.environment.tags import PlatformFacts

LINUX: PlatformFacts = {
    "system": "Linux",
    "name": "linux_x86_64",
    "architectures": ["x86_64"],
    "glibc": [2, 36],
    "musl": None,
    "elf": None,
    "denied": [],
}
MACOS: PlatformFacts = {"system": "Darwin", "name": "macosx_11_0_arm64", "release": [13, 2], "machine": "arm64"}

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1.0",
    "platform_system": "Linux",
    "platform_version": "#1 SMP",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def scheme(base: str) -> SchemePaths:
    """Return a CPython 3.11 scheme below ``base``."""
    library = f"{base}/lib/python3.11/site-packages"
    return SchemePaths(
        purelib=library, platlib=library, scripts=f"{base}/bin", data=base, headers=f"{base}/include/python3.11"
    )


TEMPLATES = SchemeTemplates(
    prefix=scheme("{base}"),
    home=SchemePaths(
        purelib="{base}/lib/python",
        platlib="{base}/lib/python",
        scripts="{base}/bin",
        data="{base}",
        headers="{base}/include/python",
    ),
)

CPYTHON_311_TAGS = interpreter_tags(
    implementation="cpython", version=(3, 11, 7), nodot="311", abis=["cp311"], platform=LINUX
)


def target(**changes: Any) -> TargetEnvironment:
    """Return a CPython 3.11 under /usr, with ``changes``."""
    usual = TargetEnvironment(
        executable="/usr/bin/python3",
        python_full_version="3.11.7",
        implementation="cpython",
        cache_tag="cpython-311",
        markers=MARKERS,
        tags=CPYTHON_311_TAGS,
        scheme=scheme("/usr"),
        prefix="/usr",
        base_prefix="/usr",
        stdlib="/usr/lib/python3.11",
        sys_path=("/usr/lib/python3.11", "/usr/lib/python3.11/site-packages"),
        user_scheme=scheme("/home/me/.local"),
        user_site_enabled=True,
    )
    return replace(usual, **changes)
