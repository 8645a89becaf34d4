"""What an archive must match, and the digests that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.names import Digest
from asyncpip.core.urls import redact
from asyncpip.errors import HashMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from mmap import mmap

    from asyncpip.core.hashes import AllowedHashes as Allowed


def check_digests(
    data: bytes | bytearray | memoryview | mmap, demands: Sequence[Allowed], *, label: str, url: str
) -> Digest:
    """Return the SHA-256 of ``data``; raise `HashMismatchError` unless it meets every one of ``demands``.

    Blocks for 0.6 s a GB, the GIL released.
    """
    known = digests_for(data, demands)
    check_known(known, demands, label=label, url=url)
    return Digest(known["sha256"])


def digests_for(data: bytes | bytearray | memoryview | mmap, demands: Sequence[Allowed]) -> dict[str, str]:
    """Return the digests of ``data`` by algorithm: SHA-256, and those that ``demands`` speak of. Blocks as above."""
    digests = RunningDigests(demands)
    digests.feed(data)
    return digests.known()


class RunningDigests:
    """Digests of an archive that comes in pieces: SHA-256, and those that some demands speak of."""

    def __init__(self, demands: Sequence[Allowed]) -> None:
        self._demands = demands
        self.restart()

    def restart(self) -> None:
        """Forget what came: the archive begins again."""
        import hashlib  # noqa: PLC0415 - loads OpenSSL, 7 ms; archives from the network are hashed by another process

        wanted = {"sha256"}.union(*(demand.algorithms() for demand in self._demands)) & hashlib.algorithms_available
        self._hashes = {algorithm: hashlib.new(algorithm, usedforsecurity=False) for algorithm in wanted}

    def feed(self, data: bytes | bytearray | memoryview | mmap) -> None:
        """Take the next bytes. Blocks as above."""
        for each in self._hashes.values():
            each.update(data)

    def known(self) -> dict[str, str]:
        """Return the digests of all that came, by algorithm."""
        return {algorithm: each.hexdigest() for algorithm, each in self._hashes.items()}


def check_known(known: Mapping[str, str], demands: Sequence[Allowed], *, label: str, url: str) -> None:
    """Raise `HashMismatchError` unless the digests ``known`` of an archive meet every one of ``demands``."""
    for demand in demands:
        if not demand.allows(known):
            raise mismatch(demand, known, label=label, url=url)


def mismatch(demand: Allowed, known: Mapping[str, str], *, label: str, url: str) -> HashMismatchError:
    """Return the error that shows what was expected and what came."""
    expected = "\n".join(
        f"{'Expected' if number == 0 else '      or'} {algorithm} {digest}"
        for number, (algorithm, digest) in enumerate(sorted(demand.digests))
    )
    got = "\n".join(f"     Got        {known[name]}" for name in sorted(demand.algorithms()) if name in known)
    return HashMismatchError(
        f"the archive of {label} does not have the hash that is required",
        why=f"from {redact(url)}\n{expected}\n{got}",
        hint="THESE PACKAGES DO NOT MATCH THE HASHES: if you have updated the package versions, update the hashes; "
        "otherwise examine the archive, for someone may have tampered with it",
    )


def demands_of(*, given: Mapping[str, str], required: Allowed) -> list[Allowed]:
    """Return what must hold of an archive: a digest that index or URL give, and one of those required.

    Several digests of an index for one file are all of that file; the strongest is checked.
    """
    demands = [required] if required else []
    for algorithm in ("sha512", "sha384", "sha256", "sha224", "sha1", "md5"):
        if algorithm in given:
            demands.append(AllowedHashes.of([(algorithm, given[algorithm])]))
            break
    return demands
