"""A job for a worker that checks and unpacks one archive, and what became of it. Lean: workers are small processes."""

from __future__ import annotations

OK, MISMATCH, REFUSED, FAILED, BUG = "ok", "mismatch", "refused", "failed", "bug"
"""Kinds of outcome: unpacked; a digest that is not allowed; no valid wheel; an OSError; anything else."""
PAIR = "="
"""Between algorithm and digest."""


class UnpackJob:
    """One archive file to check and unpack. All fields can be texts, so that a job can travel."""

    __slots__ = ("demands", "filename", "path", "size_bytes", "staging", "umask")

    def __init__(
        self, *, path: str, size_bytes: int, filename: str, staging: str, umask: int, demands: list[list[str]]
    ) -> None:
        self.path = path
        self.size_bytes = size_bytes
        """How long the archive is; the file may be longer."""
        self.filename = filename
        self.staging = staging
        """The empty directory to unpack into."""
        self.umask = umask
        self.demands = demands
        """Groups of ``algorithm=digest``: the archive must have one of each group."""


class Outcome:
    """What became of a job."""

    __slots__ = ("details", "digests", "kind")

    def __init__(self, kind: str, digests: dict[str, str], details: list[str]) -> None:
        self.kind = kind
        self.digests = digests
        """By algorithm; `sha256` always, except where the file could not be read."""
        self.details = details
        """Of a wheel: the `metadata_digest` of METADATA, and its Requires-Python, or nothing; of an error: what, why,
        hint; of an OSError: number, text."""


def metadata_digest(metadata: bytes) -> str:
    """Return the SHA-256 of a METADATA file in hexadecimal, as indexes give it (PEP 714)."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 3 ms, which the warm path does without

    return hashlib.sha256(metadata, usedforsecurity=False).hexdigest()
