"""What is said to do about a build that failed."""

from __future__ import annotations

import pytest

from asyncpip.build.failure_hints import hint_for

TRACEBACK = ["Traceback (most recent call last):", '  File "<string>", line 23, in <module>']
BACKEND = "comes from the build backend"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], BACKEND),
        (["error: something else"], BACKEND),
        ([*TRACEBACK, "ModuleNotFoundError: No module named 'numpy'"], "demo imports `numpy` to be built"),
        ([*TRACEBACK, "ModuleNotFoundError: No module named 'numpy.distutils'", ""], "demo imports `numpy` to be"),
        ([*TRACEBACK, "ImportError: No module named Cython.Build"], "imports `Cython` to be built"),
        ([*TRACEBACK, "ModuleNotFoundError: No module named 'pkg_resources'"], "`setuptools<82` by --build-constraint"),
        ([*TRACEBACK, "ModuleNotFoundError: No module named 'distutils'"], "Python 3.12"),
        (["error in demo setup command: use_2to3 is invalid."], "`setuptools<58` by --build-constraint"),
        (["ModuleNotFoundError: No module named 'caught'", *["compiling"] * 9, "error: no"], BACKEND),
        (["demo.c:1:10: fatal error: Python.h: No such file or directory", "error: gcc failed"], "python3-dev"),
        (["error: command 'gcc' failed: No such file or directory"], "C compiler"),
        (["error: command '/usr/bin/x86_64-linux-gnu-g++' failed: No such file or directory"], "C compiler"),
        (["error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1"], BACKEND),
        (["OSError: [Errno 28] No space left on device"], "TMPDIR"),
    ],
)
def test_hints(lines: list[str], words: str) -> None:
    assert words in hint_for(lines, "demo")
