"""What the way from argv to Settings imports: it is the start of every run, of the shortest one too."""

from __future__ import annotations

import os
import subprocess
import sys

import asyncpip

REPOSITORY = os.path.dirname(os.path.dirname(asyncpip.__file__))
HEAVY = {"argparse", "configparser", "dataclasses", "enum", "logging", "optparse", "pathlib", "re", "rich", "typing"}
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from asyncpip.cli.parser import parse
from asyncpip.cli.settings import load_settings
parsed = parse(["install", "-U", "flask"])
environ = {"PIP_CONFIG_FILE": sys.argv[2]}
settings, _ = load_settings(parsed, environ, home="/nowhere", prefix="/nowhere", platform="linux", etc="/nowhere")
print(settings.flag("upgrade"), *sys.modules)
"""


def test_settings_load_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT, REPOSITORY, os.devnull], capture_output=True, text=True, check=True
    )
    upgrade, *modules = done.stdout.split()
    assert upgrade == "True"
    assert "asyncpip.cli.settings" in modules
    assert HEAVY & set(modules) == set()
