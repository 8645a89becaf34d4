"""The target that `--platform`, `--python-version`, `--implementation` and `--abi` describe.

pip evaluates markers for the running interpreter even then; here they are those of the described target, as far as
wheel tags tell them: a documented difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncpip.core.values import replace
from asyncpip.environment.tags import short_implementation, tags_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.core.target import TargetEnvironment

_IMPLEMENTATIONS = {
    "cp": ("cpython", "CPython"),
    "pp": ("pypy", "PyPy"),
    "jy": ("jython", "Jython"),
    "ip": ("ironpython", "IronPython"),
}
_UNKNOWN_IMPLEMENTATION_VERSION = "0"
"""What PEP 508 says for an interpreter that does not tell."""
_WINDOWS_MACHINES = {"win32": "x86", "win_amd64": "AMD64", "win_arm64": "ARM64", "win_arm32": "ARM"}
_ANDROID_MACHINES = {"arm64_v8a": "aarch64", "armeabi_v7a": "armv7l", "x86": "i686", "x86_64": "x86_64"}
_MAC_FAT_BINARIES = frozenset({"universal2", "universal", "intel", "fat", "fat3", "fat64"})


class _System(NamedTuple):
    """What a platform tag says: three marker values and the machine, None where the tag leaves it open."""

    platform_system: str
    sys_platform: str
    os_name: str
    machine: str | None


def target_with_selection(
    target: TargetEnvironment,
    *,
    platforms: Sequence[str] = (),
    python_version: tuple[int, ...] | None = None,
    implementation: str | None = None,
    abis: Sequence[str] = (),
) -> TargetEnvironment:
    """Return ``target`` with the tags, markers and Python version that the four options describe.

    Its paths stay: they matter for `install` only, which goes on where the chosen wheels also fit ``target`` itself.
    """
    if not (platforms or python_version or implementation or abis):
        return target
    markers = markers_for(target, platforms=platforms, python_version=python_version, implementation=implementation)
    is_same_interpreter = all(
        markers[key] == target.markers[key] for key in ("python_version", "implementation_name", "sys_platform")
    )
    return replace(
        target,
        python_full_version=_full(python_version) if python_version else target.python_full_version,
        implementation=markers["implementation_name"],
        cache_tag=target.cache_tag if is_same_interpreter else None,
        markers=markers,
        tags=tags_for(
            platforms=platforms,
            python_version=python_version,
            implementation=implementation,
            abis=abis,
            base=target,
        ),
    )


def markers_for(
    target: TargetEnvironment,
    *,
    platforms: Sequence[str],
    python_version: tuple[int, ...] | None,
    implementation: str | None,
) -> dict[str, str]:
    """Return the marker variables of the described target; the first of ``platforms`` decides about the system."""
    markers = dict(target.markers)
    if python_version:
        markers["python_full_version"] = _full(python_version)
        markers["python_version"] = ".".join(_full(python_version).split(".")[:2])
    known = _IMPLEMENTATIONS.get(short_implementation(implementation)) if implementation else None
    is_other = known is not None and known[0] != target.markers["implementation_name"]
    if known is not None:
        markers["implementation_name"], markers["platform_python_implementation"] = known
    if markers["implementation_name"] == "cpython":
        if is_other or python_version:
            markers["implementation_version"] = markers["python_full_version"]
    elif is_other:
        markers["implementation_version"] = _UNKNOWN_IMPLEMENTATION_VERSION
    system = _system_of(platforms[0]) if platforms else None
    if system is not None:
        if system.platform_system != markers["platform_system"]:
            # A kernel's release says nothing about another system's; empty is what `platform` gives for unknown.
            markers.update(platform_release="", platform_version="")
        markers.update(
            platform_system=system.platform_system,
            sys_platform=system.sys_platform,
            os_name=system.os_name,
            platform_machine=system.machine or _fat_machine(target),
        )
    return markers


def _full(version: Sequence[int]) -> str:
    """Return ``version`` with three parts, as pip completes it: ``3.7`` means ``3.7.0``."""
    return ".".join(map(str, (*version, 0, 0)[:3]))


def _system_of(platform: str) -> _System | None:
    """Return what a platform tag says about the system; None for ``any`` and for names that are not known."""
    kind, _, rest = platform.lower().partition("_")
    machine = rest.split("_", 2)[2] if rest.count("_") > 1 else rest
    match kind:
        case "linux" | "manylinux1" | "manylinux2010" | "manylinux2014":
            system = _System("Linux", "linux", "posix", rest or None)
        case "manylinux" | "musllinux":
            system = _System("Linux", "linux", "posix", machine)
        case "macosx":
            system = _System("Darwin", "darwin", "posix", None if machine in _MAC_FAT_BINARIES else machine)
        case "win" | "win32":
            system = _System("Windows", "win32", "nt", _WINDOWS_MACHINES.get(platform.lower(), rest or None))
        case "ios":
            system = _System("iOS", "ios", "posix", machine.partition("_iphone")[0])
        case "android":
            abi = rest.partition("_")[2]
            system = _System("Android", "android", "posix", _ANDROID_MACHINES.get(abi, abi))
        case _:
            return None
    return system


def _fat_machine(target: TargetEnvironment) -> str:
    """Return the machine for a tag that leaves it open: the target's own if it can be, else the commonest."""
    machine = target.markers["platform_machine"]
    return machine if machine in ("arm64", "x86_64") else "x86_64"
