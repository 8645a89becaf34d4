"""Wheel tags (PEP 425, 600, 656): those of an interpreter from its facts, and those that the user asked for.

Tags are text, best first, in the order of `packaging.tags`. That module is not imported for Linux and Windows: with
what it imports it costs several times the work itself. Lean.
"""

from __future__ import annotations

from asyncpip.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import NotRequired, TypedDict

    from asyncpip.core.target import TargetEnvironment

    class PlatformFacts(TypedDict):
        """What decides about platform tags. The first two keys are always there, the others by system."""

        system: str
        """As `platform.system()` says."""
        name: str
        """`sysconfig.get_platform()`, as a tag spells it."""
        architectures: NotRequired[list[str]]
        """Linux: what the process runs, the nearest first."""
        glibc: NotRequired[list[int] | None]
        musl: NotRequired[list[int] | None]
        elf: NotRequired[list[int] | None]
        """Class, data, machine, flags of the executable; only where they matter."""
        denied: NotRequired[list[str]]
        """Manylinux tags that a distributor's `_manylinux` refuses, as ``2_17_x86_64``."""
        release: NotRequired[list[int]]
        """macOS and iOS: major, minor; Android: API level."""
        machine: NotRequired[str]


_SHORT_NAMES = {"python": "py", "cpython": "cp", "pypy": "pp", "ironpython": "ip", "jython": "jy"}
_LEGACY_MANYLINUX = {(2, 5): "manylinux1", (2, 12): "manylinux2010", (2, 17): "manylinux2014"}
_MANYLINUX_ARCHITECTURES = frozenset(
    {"x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64"}
)
_LAST_GLIBC_MINOR = 50
"""Of a glibc 2 seen from a glibc 3: there is none yet, so this is a guess that includes them all."""
_ELF_32BIT, _ELF_LITTLE_ENDIAN, _ELF_386, _ELF_ARM = 1, 1, 3, 40
_ARM_ABI_MASK, _ARM_ABI_5, _ARM_HARD_FLOAT = 0xFF000000, 0x05000000, 0x00000400
_FIRST_ABI3 = (3, 2)
_LAST_ABI_WITH_PYMALLOC, _LAST_ABI_WITH_UNICODE_SIZE = (3, 7), (3, 2)
_MOST_VERSION_PARTS = 3


def interpreter_tags(
    *, implementation: str, version: Sequence[int], nodot: str, abis: Sequence[str], platform: PlatformFacts
) -> tuple[str, ...]:
    """Return what `packaging.tags.sys_tags()` yields in the interpreter with these facts.

    ``nodot`` is its version as its own tag writes it: ``311``.
    """
    name = _SHORT_NAMES.get(implementation, implementation)
    platforms = _platforms(platform)
    own = _cpython(version[:2], abis, platforms) if name == "cp" else _generic(f"{name}{nodot}", abis, platforms)
    neutral = {"cp": f"cp{nodot}", "pp": "pp3"}.get(name)
    return _in_order([*own, *_compatible(version[:2], neutral, platforms)])


def tags_for(
    *,
    platforms: Sequence[str],
    python_version: tuple[int, ...] | None,
    implementation: str | None,
    abis: Sequence[str],
    base: TargetEnvironment,
) -> tuple[str, ...]:
    """Return the tags that `--platform`, `--python-version`, `--implementation` and `--abi` stand for, as pip does.

    What is empty or None is ``base``'s own. Beyond pip: long names of implementations, and `manylinux_x_y` and
    `musllinux_x_y` include the older ones.
    """
    base_name = _SHORT_NAMES.get(base.implementation, base.implementation)
    base_abi = base.tags[0].split("-")[1]
    name = short_implementation(implementation) if implementation else base_name
    places = _expand(platforms) or list(dict.fromkeys(tag.split("-", 2)[2] for tag in base.tags if tag[-4:] != "-any"))
    version = python_version[:2] if python_version else tuple(map(int, base.markers["python_version"].split(".")))
    interpreter = name + "".join(map(str, version))
    if name == "cp":
        if not abis and len(version) > 1:
            flags = base_abi.lstrip("cp0123456789") if base_name == "cp" else ""
            abis = _cpython_abis(version, flags)
        own = _cpython(version, abis, places)
    else:
        own = _generic(interpreter, abis or [base_abi], places)
    return _in_order([*own, *_compatible(version, interpreter, places)])


def parse_python_version(text: str) -> tuple[int, ...]:
    """Return `--python-version` as numbers: ``3``, ``37``, ``3.7`` or ``3.7.3``; raise `UsageError` for others."""
    parts = text.split(".")
    why = None
    if len(parts) > _MOST_VERSION_PARTS:
        why = "at most three version parts are allowed"
    elif not all(part.isascii() and part.isdecimal() for part in parts):
        why = "each version part must be an integer"
    if why is not None:
        raise UsageError(f"invalid --python-version value: {text!r}: {why}")
    if len(parts) == 1 and len(text) > 1:
        parts = [text[0], text[1:]]
    return tuple(map(int, parts))


def short_implementation(name: str) -> str:
    """Return the abbreviation that tags use: ``pp`` for ``pypy``; other text as it is."""
    return _SHORT_NAMES.get(name.lower(), name)


def _in_order(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str.lower, tags)))


def _cpython_abis(version: Sequence[int], flags: str) -> list[str]:
    """Return the ABIs of a CPython of ``version`` that is built like one with ``flags`` (``t``, ``d``)."""
    nodot = f"cp{version[0]}{version[1]}"
    threading = "t" if "t" in flags and tuple(version) > (3, 12) else ""
    debug = "d" if "d" in flags else ""
    if tuple(version) <= _LAST_ABI_WITH_PYMALLOC:
        return [f"{nodot}{debug}m{'u' if tuple(version) <= _LAST_ABI_WITH_UNICODE_SIZE else ''}"]
    return [f"{nodot}{threading}d", f"{nodot}{threading}"] if debug else [f"{nodot}{threading}"]


def _cpython(version: Sequence[int], abis: Sequence[str], platforms: Sequence[str]) -> list[str]:
    interpreter = "cp" + "".join(map(str, version))
    is_threaded = bool(abis) and abis[0].startswith("cp") and "t" in abis[0].lstrip("cp0123456789")
    stable = "abi3t" if is_threaded else "abi3"
    implied = ("abi3", "abi3t", "none") if is_threaded else ("abi3", "none")
    every = [abi for abi in abis if abi not in implied]
    has_stable = len(version) > 1 and tuple(version) >= _FIRST_ABI3
    every += [stable, "none"] if has_stable else ["none"]
    tags = [f"{interpreter}-{abi}-{platform}" for abi in every for platform in platforms]
    if has_stable:
        older = [f"cp{version[0]}{minor}-{stable}-" for minor in range(version[1] - 1, 1, -1)]
        tags += [start + platform for start in older for platform in platforms]
    return tags


def _generic(interpreter: str, abis: Sequence[str], platforms: Sequence[str]) -> list[str]:
    every = abis if "none" in abis else [*abis, "none"]
    return [f"{interpreter}-{abi}-{platform}" for abi in every for platform in platforms]


def _compatible(version: Sequence[int], interpreter: str | None, platforms: Sequence[str]) -> list[str]:
    """Return the tags of wheels that need no certain implementation."""
    names = [f"py{version[0]}"]
    if len(version) > 1:
        names = [f"py{version[0]}{version[1]}", *names]
        names += [f"py{version[0]}{minor}" for minor in range(version[1] - 1, -1, -1)]
    tags = [f"{name}-none-{platform}" for name in names for platform in platforms]
    if interpreter:
        tags.append(f"{interpreter}-none-any")
    return [*tags, *(f"{name}-none-any" for name in names)]


def _platforms(facts: PlatformFacts) -> list[str]:
    """Return the platform tags of a machine, the nearest first."""
    match facts["system"]:
        case "Linux" if facts["name"].startswith("linux_"):
            return _linux(facts)
        case "Darwin":
            return _macos(tuple(facts["release"]), facts["machine"])
        case "iOS":
            return _ios(tuple(facts["release"]), facts["machine"])
        case "Android":
            return _android(facts["release"][0], facts["machine"])
        case _:
            return [facts["name"]]


def _linux(facts: PlatformFacts) -> list[str]:
    architectures = facts["architectures"]
    platforms = [f"linux_{architecture}" for architecture in architectures]
    if (glibc := facts.get("glibc")) and _has_manylinux_abi(architectures, facts.get("elf")):
        # The oldest glibc is decided by the set: an i686 process on x86_64 counts as x86.
        oldest = 5 if {"x86_64", "i686"} & set(architectures) else 17
        denied = frozenset(facts.get("denied", ()))
        for architecture in architectures:
            platforms += _manylinux(glibc[0], glibc[1], architecture, oldest, denied)
    if musl := facts.get("musl"):
        platforms += [f"musllinux_{musl[0]}_{minor}_{name}" for name in architectures for minor in _down(musl[1])]
    return platforms


def _has_manylinux_abi(architectures: Sequence[str], elf: Sequence[int] | None) -> bool:
    """Return whether the executable follows the ABI that manylinux demands of 32-bit architectures (PEP 599)."""
    if "armv7l" in architectures or "i686" in architectures:
        if elf is None or tuple(elf[:2]) != (_ELF_32BIT, _ELF_LITTLE_ENDIAN):
            return False
        if "i686" in architectures:
            return elf[2] == _ELF_386
        is_abi_5 = elf[3] & _ARM_ABI_MASK == _ARM_ABI_5
        return elf[2] == _ELF_ARM and is_abi_5 and bool(elf[3] & _ARM_HARD_FLOAT)
    return not _MANYLINUX_ARCHITECTURES.isdisjoint(architectures)


def _manylinux(major: int, minor: int, architecture: str, oldest: int, denied: frozenset[str]) -> list[str]:
    """Return the manylinux tags from glibc ``major.minor`` down to 2.``oldest``, old names included (PEP 600)."""
    versions = []
    for older in _down(major, 2):
        newest_minor = minor if older == major else _LAST_GLIBC_MINOR
        versions += [(older, number) for number in _down(newest_minor, oldest if older == 2 else 0)]  # noqa: PLR2004
    tags = []
    for version in versions:
        suffix = f"{version[0]}_{version[1]}_{architecture}"
        if suffix not in denied:
            tags.append(f"manylinux_{suffix}")
            if version in _LEGACY_MANYLINUX:
                tags.append(f"{_LEGACY_MANYLINUX[version]}_{architecture}")
    return tags


def _down(first: int, last: int = 0) -> range:
    return range(first, last - 1, -1)


def _expand(platforms: Iterable[str]) -> list[str]:
    """Return each platform of `--platform` with the older ones that it includes, each once."""
    found: dict[str, None] = {}
    for platform in platforms:
        if platform not in found:
            found.update(dict.fromkeys(_with_older(platform)))
    return list(found)


def _with_older(platform: str) -> list[str]:
    kind, _, rest = platform.partition("_")
    match kind:
        case "manylinux2010":
            return [platform, f"manylinux1_{rest}"]
        case "manylinux2014" if rest in ("i686", "x86_64"):
            # pip's rule (PEP 599): the older names, none of the new ones.
            return [platform, f"manylinux2010_{rest}", f"manylinux1_{rest}"]
        case "android" if rest.partition("_")[0].isdecimal():
            return _android(int(rest.partition("_")[0]), rest.partition("_")[2])
        case "manylinux" | "musllinux" | "macosx" | "ios":
            match rest.split("_", 2):
                case [major, minor, machine] if major.isdecimal() and minor.isdecimal():
                    return _older_releases(kind, (int(major), int(minor)), machine) or [platform]
    return [platform]


def _older_releases(kind: str, release: tuple[int, int], machine: str) -> list[str]:
    """Return the tags of ``release`` and the ones before it; none where it is older than the oldest there is."""
    if kind == "manylinux":
        return _manylinux(*release, machine, 5 if machine in ("x86_64", "i686") else 17, frozenset())
    if kind == "musllinux":
        return [f"musllinux_{release[0]}_{minor}_{machine}" for minor in _down(release[1])]
    return _macos(release, machine) if kind == "macosx" else _ios(release, machine)


def _macos(release: tuple[int, ...], machine: str) -> list[str]:
    from packaging.tags import mac_platforms  # noqa: PLC0415 - only where macOS is in play

    return list(mac_platforms((release[0], release[1]), machine))


def _ios(release: tuple[int, ...], machine: str) -> list[str]:
    from packaging.tags import ios_platforms  # noqa: PLC0415 - only where iOS is in play

    return list(ios_platforms((release[0], release[1]), machine))


def _android(api_level: int, abi: str) -> list[str]:
    from packaging.tags import android_platforms  # noqa: PLC0415 - only where Android is in play

    return list(android_platforms(api_level, abi))
