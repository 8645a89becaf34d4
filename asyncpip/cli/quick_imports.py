"""Imports of compiled modules in half the steps. Lean.

The interpreter looks for a module in Python code that allows for everything: 0.05 ms each, a fifth of a run that loads
400. Here a directory is listed once, and what lies there as usual, with a compiled file that is up to date, is read at
once. It is found in the same places in the same order, under the same conditions; what is not as usual is left to the
interpreter.

Some modules of libraries are imported by others that rarely use them. These are late: loaded when somebody looks at
anything of theirs.
"""

from __future__ import annotations

import marshal
import os
import sys
from _thread import RLock  # the lock of `threading`, whose import is a millisecond
from importlib._bootstrap_external import MAGIC_NUMBER  # `importlib.util` takes 2 ms
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from types import CodeType, ModuleType
    from typing import Any

_COMPILED = f".{sys.implementation.cache_tag}.pyc"
_HEAD = MAGIC_NUMBER + bytes(4)
"""Of a compiled file that goes by time and size of its source (PEP 552)."""
_READ_BYTES = 1 << 16
"""At once: nearly all compiled files are shorter."""
_LATE = frozenset((
    "asyncio.sslproto", "asyncio.staggered", "asyncio.trsock", "base64", "ipaddress", "linecache", "locale",
    "msgspec.inspect", "sysconfig", "token", "tokenize",
))  # fmt: skip
"""What asyncio, inspect, msgspec, ssl, subprocess and urllib import: 3 % of what `install --dry-run requests` takes."""
_loading = RLock()
_being_loaded: set[str] = set()
_O_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def quicken_imports() -> None:
    """Have all imports from now on go the short way where there is one."""
    if sys.flags.optimize or sys.pycache_prefix is not None or PathFinder not in sys.meta_path:
        return  # compiled files have other names or places
    sys.meta_path.insert(sys.meta_path.index(PathFinder), QuickFinder())


class _QuickLoader(SourceFileLoader):
    """Loads a module whose source has been looked at."""

    def __init__(self, name: str, path: str, compiled: str, source: os.stat_result) -> None:
        super().__init__(name, path)
        self._compiled = compiled
        self._source = source

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the compiled module; as the interpreter does where that is not up to date."""
        source = self._source
        try:
            file = os.open(self._compiled, _O_FLAGS)
            try:
                data = read = os.read(file, _READ_BYTES)
                while len(read) == _READ_BYTES:
                    read = os.read(file, _READ_BYTES)
                    data += read
            finally:
                os.close(file)
            if data[:8] == _HEAD and data[8:16] == _word(int(source.st_mtime)) + _word(source.st_size):
                code = marshal.loads(memoryview(data)[16:])  # noqa: S302 - what every interpreter trusts
                if type(code) is _CODE:
                    return code
        except (OSError, ValueError, EOFError, TypeError):
            pass
        return super().get_code(fullname)


class _LateModule(type(sys)):  # type: ignore[misc]  # the class of all modules
    """A module of which nothing was looked at so far."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__spec__":  # the interpreter looks at it whenever the module is imported
            return super().__getattribute__(name)
        with _loading:
            if type(self) is _LateModule:  # else another thread was first
                spec = super().__getattribute__("__spec__")
                if spec.name in _being_loaded:
                    return super().__getattribute__(name)
                _being_loaded.add(spec.name)
                spec.loader.load(self)
                self.__class__ = type(sys)  # type: ignore[assignment]  # as what it was made
        return getattr(self, name)


class _LateLoader(_QuickLoader):
    """Loads a module when it is looked at."""

    def exec_module(self, module: ModuleType) -> None:
        """Have it loaded later."""
        module.__class__ = _LateModule

    def load(self, module: ModuleType) -> None:
        """Load it."""
        super().exec_module(module)


_CODE = type(_QuickLoader.get_code.__code__)


class QuickFinder:
    """Finds modules in ordinary directories."""

    def __init__(self) -> None:
        self._known: dict[str, _Directory | None] = {}
        """By path; None for what is no directory."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the module ``name`` is; None leaves that to the interpreter."""
        places = sys.path if path is None else path
        if type(places) is not list:
            return None
        last = name.rpartition(".")[2]
        for place in places:
            try:
                directory = self._known[place]
            except KeyError:
                directory = self._known[place] = _read_directory(place)
            if directory is None:
                return None
            if last in directory.others:
                spec = _other_spec(place, last, name, directory.names)
                if spec is not None or last in directory.names or f"{last}.pyc" in directory.names:
                    return spec
            if f"{last}.py" in directory.names:
                compiled = f"{place}{os.sep}__pycache__{os.sep}{last}{_COMPILED}"
                return _source_spec(name, f"{place}{os.sep}{last}.py", compiled)
        return None


class _Directory:
    __slots__ = ("names", "others")

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.others = frozenset([name.partition(".")[0] for name in self.names if not name.endswith(".py")])
        """What may be a package or an extension, and then goes first."""


def _read_directory(place: str) -> _Directory | None:
    try:
        return _Directory(os.listdir(place)) if place else None
    except FileNotFoundError:
        return _Directory(())
    except (OSError, TypeError, ValueError):
        return None


def _other_spec(place: str, last: str, name: str, names: Container[str]) -> ModuleSpec | None:
    """Return the package or extension ``last``; None where there is neither."""
    base = f"{place}{os.sep}{last}"
    if last in names:
        compiled = f"{base}{os.sep}__pycache__{os.sep}__init__{_COMPILED}"
        spec = _source_spec(name, f"{base}{os.sep}__init__.py", compiled)
        if spec is not None:
            spec.submodule_search_locations = [base]
        return spec
    for suffix in EXTENSION_SUFFIXES:
        if last + suffix in names:
            return _spec(name, ExtensionFileLoader(name, base + suffix), base + suffix, None)
    return None


def _source_spec(name: str, source: str, compiled: str) -> ModuleSpec | None:
    try:
        stat = os.stat(source)
    except OSError:
        return None
    loader = _LateLoader if name in _LATE else _QuickLoader
    return _spec(name, loader(name, source, compiled, stat), source, compiled)


def _spec(name: str, loader: Any, origin: str, cached: str | None) -> ModuleSpec:
    spec = ModuleSpec(name, loader, origin=origin)
    spec.has_location = True
    spec.cached = cached
    return spec


def _word(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")
