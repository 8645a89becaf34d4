"""Installs what is compared: uv and pip in pinned versions, and this checkout as users get it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PINS = {"uv": "uv==0.13.9", "pip": "pip==26.3"}
CHECKOUT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
TOOLS = DATA / "tools"


def clean_environment(*, keep_index_settings: bool = False) -> dict[str, str]:
    """Return the process environment without anything that would steer pip, uv or asyncpip.

    With ``keep_index_settings`` what says how an index is reached (certificate, proxy, time limit) stays.
    """
    authorities = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")  # stronger than `--cert`
    kept = (
        (*authorities, "PIP_CERT", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT", "PIP_INDEX_URL") if keep_index_settings else ()
    )
    steering = ("PIP_", "UV_", "ASYNCPIP_", "PYTHON", "VIRTUAL_ENV", "CONDA_", *authorities)
    environment = {
        name: value for name, value in os.environ.items() if name in kept or not name.upper().startswith(steering)
    }
    return environment | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def ensure(tool: str) -> Path:
    """Return the command of ``tool``, installed under `data/tools` first where that is missing or out of date."""
    environment = TOOLS / tool
    command = environment / "bin" / tool
    wanted = PINS.get(tool) or source_digest(CHECKOUT)
    stamp = environment / "benchmark-stamp"
    if not (command.exists() and stamp.exists() and stamp.read_text() == wanted):
        if not (environment / "bin" / "python").exists():
            _run(sys.executable, "-m", "venv", str(environment))
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--compile"]
        if tool in PINS:
            _run(*pip, PINS[tool])
        else:
            # The pip that Python comes with writes scripts that import `re`: half of what a run takes that has no more
            # to do than to say so.
            _run(*pip, PINS["pip"])
            _run(*pip, str(CHECKOUT))  # what it depends on, where it is new
            _run(*pip, "--force-reinstall", "--no-deps", str(CHECKOUT))
        stamp.write_text(wanted)
    return command


def version_of(tool: str, command: Path) -> str:
    """Return what ``tool`` says of itself, its version alone."""
    answer = subprocess.run(
        [str(command), "--version"], env=clean_environment(), capture_output=True, text=True, check=False
    )
    words = answer.stdout.split()
    return words[1] if answer.returncode == 0 and len(words) > 1 else f"unknown {tool}"


def source_digest(checkout: Path) -> str:
    """Return a digest over what an install of ``checkout`` is made of."""
    digest = hashlib.sha256()
    for path in [checkout / "pyproject.toml", *sorted((checkout / "asyncpip").rglob("*.py"))]:
        digest.update(f"{path.relative_to(checkout)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _run(*command: str) -> None:
    subprocess.run(command, env=clean_environment(keep_index_settings=True), check=True)
