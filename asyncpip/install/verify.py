"""Installed files against their RECORD (`--verify`)."""

from __future__ import annotations

import base64
import hashlib
import os

from asyncpip.install.record import parse_record
from asyncpip.store.store import read_file


def verify_distribution(info_path: str) -> list[str]:
    """Return, for each row of the RECORD in ``info_path`` that does not hold, a sentence. Reads every byte."""
    data = read_file(os.path.join(info_path, "RECORD"))
    if data is None:
        return [f"{info_path} has no RECORD"]
    root = os.path.dirname(info_path)
    problems: list[str] = []
    for path, recorded, size in parse_record(data.decode("utf-8", "surrogateescape")):
        problem = _check(os.path.join(root, path), recorded, size)
        if problem:
            problems.append(f"{path} {problem}")
    return problems


def _check(path: str, recorded: str, size: str) -> str | None:
    if not recorded:
        return None if os.path.exists(path) else "is missing"
    content = read_file(path)
    if content is None:
        return "is missing"
    if size.isdigit() and len(content) != int(size):
        return f"has {len(content)} bytes, not {size}"
    algorithm, _, digest = recorded.partition("=")
    if algorithm not in hashlib.algorithms_available:
        return f"has a hash of an unknown kind, {algorithm}"
    actual = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
    return None if actual == digest.rstrip("=") else "has another hash than recorded"
