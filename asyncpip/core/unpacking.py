"""A job for a worker that checks and unpacks one archive, and what became of it. Lean: workers are small processes."""

from __future__ import annotations

from asyncpip.core.small_digests import sha256_of

OK, MISMATCH, REFUSED, FAILED, BUG = "ok", "mismatch", "refused", "failed", "bug"
"""Kinds of outcome: unpacked; a digest that is not allowed; no valid wheel; an OSError; anything else."""
PAIR = "="
"""Between algorithm and digest."""


class EarlyMember:
    """A member of an archive that was inflated as it arrived, as its local header describes it."""

    __slots__ = ("crc", "method", "packed_bytes", "size_bytes", "start")

    def __init__(self, start: int, method: int, crc: int, packed_bytes: int, size_bytes: int) -> None:
        self.start = start
        """Where its data begins in the archive."""
        self.method = method
        self.crc = crc
        self.packed_bytes = packed_bytes
        self.size_bytes = size_bytes

    def as_text(self) -> str:
        """Return it as five numbers."""
        return f"{self.start} {self.method} {self.crc} {self.packed_bytes} {self.size_bytes}"

    @classmethod
    def of_text(cls, text: str) -> EarlyMember:
        """Return the member in what `as_text` has written."""
        start, method, crc, packed, size = map(int, text.split(" "))
        return cls(start, method, crc, packed, size)


def early_path(staging: str, start: int) -> str:
    """Return where the member whose data begins at ``start`` is written before its place is known."""
    return f"{staging}/early-{start}"


class Arrived:
    """What was made of an archive while it arrived."""

    __slots__ = ("members", "sha256")

    def __init__(self, sha256: str, members: list[EarlyMember]) -> None:
        self.sha256 = sha256
        self.members = members
        """Those that lie inflated in the staging directory."""


class UnpackJob:
    """One archive file to check and unpack. All fields can be texts, so that a job can travel."""

    __slots__ = ("demands", "early", "filename", "path", "processes", "sha256", "size_bytes", "staging", "umask")

    def __init__(
        self,
        *,
        path: str,
        size_bytes: int,
        filename: str,
        staging: str,
        umask: int,
        demands: list[list[str]],
        arrived: Arrived | None = None,
        processes: int = 1,
    ) -> None:
        self.path = path
        self.size_bytes = size_bytes
        """How long the archive is; the file may be longer."""
        self.filename = filename
        self.staging = staging
        """The directory to unpack into, empty but for the members that are there early."""
        self.sha256 = arrived.sha256 if arrived else ""
        """Of the archive, where it was worked out as it arrived."""
        self.early = [member.as_text() for member in arrived.members] if arrived else []
        self.umask = umask
        self.processes = processes
        """How many may take part, if it is done by a child."""
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
    return sha256_of(metadata).hexdigest()
