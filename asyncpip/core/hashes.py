"""Digests that an archive may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STRONG_ALGORITHMS = ("sha256", "sha384", "sha512")
"""What `--hash` accepts (pip's rule)."""
KNOWN_ALGORITHMS = (*STRONG_ALGORITHMS, "sha224", "sha1", "md5")
"""What a URL fragment or an index may give."""


class AllowedHashes(Value):
    """Digests of which an archive must have one; no digests at all allows every archive."""

    digests: frozenset[tuple[str, str]] = frozenset()
    """Pairs of algorithm and lower-case hexadecimal digest."""

    def __bool__(self) -> bool:
        return bool(self.digests)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> AllowedHashes:
        """Return the set of ``pairs``, in lower case."""
        return cls(digests=frozenset((algorithm.lower(), digest.lower()) for algorithm, digest in pairs))

    def allows(self, known: Mapping[str, str]) -> bool:
        """Return whether one of the digests in ``known`` is allowed; True where nothing is demanded."""
        return not self.digests or any((name, digest.lower()) in self.digests for name, digest in known.items())

    def intersect(self, other: AllowedHashes) -> AllowedHashes | None:
        """Return what both allow; None where both demand something and nothing is common."""
        if not self.digests or not other.digests:
            return self if self.digests else other
        common = self.digests & other.digests
        return AllowedHashes(digests=common) if common else None

    def algorithms(self) -> set[str]:
        """Return the algorithms that have to be computed to check an archive."""
        return {algorithm for algorithm, _ in self.digests}


NO_HASHES = AllowedHashes()
"""Nothing is demanded."""
