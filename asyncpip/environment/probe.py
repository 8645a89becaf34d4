"""What an interpreter says about itself, as plain JSON values.

This text runs in two places: imported, for the running interpreter; and fed to a child, for any other one. So its
syntax is that of CPython 3.8 (annotations are never evaluated), it is pure ASCII, and it imports from the standard
library only what each case needs, when it needs it. It reports facts; the wheel tags that follow from them are computed
by `tags.py`. Schemes are chosen by the rules of pip 26.3, so that an interpreter patched by its distributor (Debian,
macOS frameworks) puts files where pip would.
"""
# ruff: noqa: PLC0415 - late imports, see above

from __future__ import annotations

import os
import sys
import sysconfig

BASE = "{base}"
"""Stands for the directory that `--prefix` or `--target` names; no braces are left after sysconfig's own expansion."""

_BASE_VARIABLES = ("installed_base", "base", "installed_platbase", "platbase", "prefix", "exec_prefix")
_PT_INTERP = 3  # ELF specification, "Program Header"


def collect(path: list[str]) -> dict[str, object]:
    """Return the facts about the interpreter that runs this; `target.InterpreterFacts` is their type.

    ``path`` is its `sys.path`, less the entry that only says where the program was started from.
    """
    import site  # loaded already, except under -S

    variables = markers()
    nodot = sysconfig.get_config_var("py_version_nodot")
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "nodot": str(nodot or _dotted().replace(".", "")),
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "markers": variables,
        "abis": _abis(),
        "platform": _platform(variables["platform_system"]),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "stdlib": sysconfig.get_path("stdlib"),
        "sys_path": list(dict.fromkeys(entry for entry in path if entry)),
        "site_directories": _site_directories(),
        "scheme": _scheme("prefix", None),
        "prefix_scheme": _scheme("prefix", BASE),
        "home_scheme": _scheme("home", BASE),
        "user_scheme": _scheme("user", None),
        "user_site_enabled": bool(site.ENABLE_USER_SITE),
        "include_system_site": _include_system_site(),
    }


def _dotted() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _is_virtual() -> bool:
    return sys.prefix != sys.base_prefix


def markers() -> dict[str, str]:
    """Return the eleven marker variables (dependency specifiers, "Environment Markers")."""
    if sys.platform in ("linux", "darwin"):
        # `platform` says the same after an import of several milliseconds.
        system, _, release, version, machine = os.uname()
    else:
        import platform

        system, release = platform.system(), platform.release()
        version, machine = platform.version(), platform.machine()
    implementation = {"cpython": "CPython", "pypy": "PyPy"}.get(sys.implementation.name)
    if implementation is None:
        import platform

        implementation = platform.python_implementation()
    of = sys.implementation.version
    serial = "" if of.releaselevel == "final" else f"{of.releaselevel[0]}{of.serial}"
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": f"{of.major}.{of.minor}.{of.micro}{serial}",
        "os_name": os.name,
        "platform_machine": machine,
        "platform_python_implementation": implementation,
        "platform_release": release,
        "platform_system": system,
        "platform_version": version,
        "python_full_version": sys.version.split()[0],
        "python_version": _dotted(),
        "sys_platform": sys.platform,
    }


def _scheme(kind: str, base: str | None) -> dict[str, str] | None:
    """Return the scheme of ``kind`` (`prefix`, `home`, `user`), or None where the interpreter has none of that kind.

    ``base`` None leaves sysconfig's own directories in place.
    """
    name = _scheme_name(kind)
    if name is None:
        return None
    variables: dict[str, str] = {}
    if base is not None:
        if name in ("posix_local", "osx_framework_library"):
            name = "posix_prefix"  # those two only redirect an installation into the system's own prefix
        variables = dict.fromkeys(_BASE_VARIABLES, base)
        if sysconfig.get_config_var("userbase") is not None:
            variables["userbase"] = base
    paths = sysconfig.get_paths(name, variables)
    headers = paths["include"]
    if _is_virtual():
        # A place of pip's own; sysconfig's would be the base interpreter's.
        home = base or (sysconfig.get_config_var("userbase") if kind == "user" else sys.prefix)
        headers = os.path.join(home, "include", "site", "python" + _dotted())
    return {
        "purelib": paths["purelib"],
        "platlib": paths["platlib"],
        "scripts": paths["scripts"],
        "data": paths["data"],
        "headers": headers,
    }


def _scheme_name(kind: str) -> str | None:
    """Return sysconfig's name for ``kind``: asked for where it can be (3.10), else guessed by pip's rules."""
    known = sysconfig.get_scheme_names()
    preferred = getattr(sysconfig, "get_preferred_scheme", None)
    if preferred is not None:
        guesses = [preferred(kind)]
    else:
        is_framework = bool(sysconfig.get_config_var("PYTHONFRAMEWORK")) and not _is_virtual()
        implementation = sys.implementation.name
        guesses = {
            "prefix": ["osx_framework_library"] * is_framework
            + [f"{implementation}_{os.name}", implementation, f"{os.name}_prefix", os.name, "posix_prefix"],
            "user": ["osx_framework_user" if is_framework else f"{os.name}_user", "posix_user"],
            "home": [f"{os.name}_home", "posix_home"],
        }[kind]
    return next((name for name in guesses if name in known), None)


def _site_directories() -> list[str]:
    """Return the directories whose `.pth` files had a say in `sys.path`, there or not."""
    import site

    directories = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    if hasattr(site, "getsitepackages"):  # absent from the `site` of virtualenv before 20
        directories += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        directories.append(site.getusersitepackages())
    return list(dict.fromkeys(directories))


def _include_system_site() -> bool:
    """Return whether a virtual environment sees its base's packages (PEP 405); False outside of one."""
    if not _is_virtual():
        return False
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    pairs = [line.partition("=") for line in lines]
    return not any(
        key.strip() == "include-system-site-packages" and value.strip().startswith("false") for key, _, value in pairs
    )


def _abis() -> list[str]:
    """Return the ABI tags of the interpreter itself, best first (PEP 425, PEP 703)."""
    if sys.implementation.name != "cpython":
        return _extension_abi()
    version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        version += "t"
    debug = sysconfig.get_config_var("Py_DEBUG")
    if debug is None:  # Windows does not say
        from importlib.machinery import EXTENSION_SUFFIXES

        debug = hasattr(sys, "gettotalrefcount") or "_d.pyd" in EXTENSION_SUFFIXES
    return [version + "d", version] if debug else [version]


def _extension_abi() -> list[str]:
    """Return the ABI that the file names of extension modules carry: `.pypy39-pp73-x86_64-linux-gnu.so`."""
    _, _, rest = str(sysconfig.get_config_var("EXT_SUFFIX") or "").partition(".")
    soabi, dot, _ = rest.partition(".")
    if not dot:
        return []
    fields = soabi.split("-")
    if soabi.startswith("pypy"):
        fields = fields[:2]
    elif soabi.startswith("graalpy"):
        fields = fields[:3]
    return [_tag_text("-".join(fields))]


def _tag_text(text: str) -> str:
    return text.replace(".", "_").replace("-", "_").replace(" ", "_")


def _platform(system: str) -> dict[str, object]:
    """Return what decides about platform tags; `tags.PlatformFacts` is its type."""
    name = _tag_text(sysconfig.get_platform())
    facts: dict[str, object] = {"system": system, "name": name}
    if system == "Linux":
        facts.update(_linux(name.partition("_")[2]))
    elif system == "Darwin":
        facts["release"], facts["machine"] = _macos()
    elif system in ("iOS", "Android"):
        import platform

        release = getattr(platform, "ios_ver" if system == "iOS" else "android_ver")()
        text = release.release if system == "iOS" else str(release.api_level)
        facts["release"] = [int(part) for part in text.split(".")[:2]]
        multiarch = getattr(sys.implementation, "_multiarch", "") if system == "iOS" else name.partition("_")[2]
        facts["machine"] = _tag_text(multiarch) if system == "iOS" else name.split("_", 2)[-1]
    return facts


def _linux(machine: str) -> dict[str, object]:
    """Return the architectures that a Linux process runs, its C library, and what a distributor said about that."""
    architectures = [machine]
    is_32bit = sys.maxsize <= 2**32
    if is_32bit and machine == "x86_64":
        architectures = ["i686"]
    elif is_32bit and machine in ("aarch64", "armv8l"):
        architectures = ["armv8l", "armv7l"]
    glibc, elf, musl = _glibc(), None, None
    if is_32bit or glibc is None:
        elf, loader = _elf(sys.executable)
        musl = _musl(loader)
    denied = [] if glibc is None else _denied(glibc, architectures)
    return {"architectures": architectures, "glibc": glibc, "musl": musl, "elf": elf, "denied": denied}


def _glibc() -> list[int] | None:
    """Return glibc's version as ``[2, 36]``, or None where the process does not run on it (PEP 600)."""
    try:
        return _two_numbers((os.confstr("CS_GNU_LIBC_VERSION") or "").split()[1])
    except (AttributeError, IndexError, OSError, ValueError):
        pass
    try:
        import ctypes

        function = ctypes.CDLL(None).gnu_get_libc_version
        function.restype = ctypes.c_char_p
        return _two_numbers(function().decode("ascii"))
    except (ImportError, AttributeError, OSError):
        return None


def _two_numbers(text: str) -> list[int] | None:
    """Return the first two numbers of a version like ``2.20-2014.11``; None where there are none."""
    numbers = []
    for part in text.split(".")[:2]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            return None
        numbers.append(int(digits))
    return numbers if len(numbers) > 1 else None


def _elf(path: str) -> tuple[list[int] | None, str | None]:
    """Return ``[class, data, machine, flags]`` of an ELF file, and the loader it asks for; None for what is unknown."""
    import struct

    try:
        with open(path, "rb") as file:
            ident = file.read(16)
            if ident[:4] != b"\x7fELF":
                return None, None
            order, is_small = "<" if ident[5] == 1 else ">", ident[4] == 1
            layout = order + ("HHIIIIIHHH" if is_small else "HHIQQQIHHH")
            entry = order + ("IIIIIIII" if is_small else "IIQQQQQQ")
            header = struct.unpack(layout, file.read(struct.calcsize(layout)))
            elf = [ident[4], ident[5], header[1], header[6]]
            for index in range(header[9]):
                file.seek(header[4] + header[8] * index)
                fields = struct.unpack(entry, file.read(struct.calcsize(entry)))
                if fields[0] == _PT_INTERP:
                    file.seek(fields[1 if is_small else 2])
                    return elf, os.fsdecode(file.read(fields[4 if is_small else 5])).strip("\0")
            return elf, None
    except (OSError, struct.error, IndexError, TypeError):
        return None, None


def _musl(loader: str | None) -> list[int] | None:
    """Return musl's version as ``[1, 2]``, which its loader prints (PEP 656); None for another loader."""
    if loader is None or "musl" not in loader:
        return None
    import subprocess

    output = subprocess.run([loader], stderr=subprocess.PIPE, check=False).stderr.decode("utf-8", "replace")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("musl") and lines[1].startswith("Version "):
        return _two_numbers(lines[1][len("Version ") :])
    return None


def _denied(glibc: list[int], architectures: list[str]) -> list[str]:
    """Return the manylinux tags that a distributor's `_manylinux` module refuses, as ``2_17_x86_64`` (PEP 600)."""
    try:
        module = __import__("_manylinux")
    except ImportError:
        return []
    legacy = {(2, 5): "manylinux1_compatible", (2, 12): "manylinux2010_compatible", (2, 17): "manylinux2014_compatible"}
    answer = getattr(module, "manylinux_compatible", None)
    versions = [(2, minor) for minor in range(50)] + [(glibc[0], minor) for minor in range(glibc[1] + 1)]
    denied = []
    for architecture in architectures:
        for version in dict.fromkeys(versions):
            if answer is None:
                allowed = getattr(module, legacy.get(version, ""), None)
            else:
                allowed = answer(version[0], version[1], architecture)
            if allowed is not None and not allowed:
                denied.append(f"{version[0]}_{version[1]}_{architecture}")
    return denied


def _macos() -> tuple[list[int], str]:
    """Return the release of macOS and the processor's name."""
    import platform

    release, _, machine = platform.mac_ver()
    if release.split(".")[:2] == ["10", "16"]:
        # What an interpreter built against an old SDK is told; a child with this variable is told the truth.
        import subprocess

        code = "import platform; print(platform.mac_ver()[0])"
        child = [sys.executable, "-sS", "-c", code]
        release = subprocess.run(
            child, check=True, env={"SYSTEM_VERSION_COMPAT": "0"}, stdout=subprocess.PIPE
        ).stdout.decode()
    if sys.maxsize <= 2**32:
        machine = "ppc" if machine.startswith("ppc") else "i386"
    return [int(part) for part in release.split(".")[:2]], machine


if __name__ == "__main__":
    import json

    # A line of its own: a sitecustomize may have printed something before.
    print("\n" + json.dumps(collect(sys.path)))  # noqa: T201 - the child's answer to `target.py`
