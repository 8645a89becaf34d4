"""What an archive must match."""

from __future__ import annotations

import hashlib

import pytest

from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.errors import HashMismatchError
from asyncpip.fetch.hashes import check_digests, demands_of, mismatch

DATA = b"an archive"
SHA256 = hashlib.sha256(DATA).hexdigest()
SHA512 = hashlib.sha512(DATA).hexdigest()
URL = "https://user:secret@index.example/x.whl"


def test_nothing_demanded() -> None:
    assert check_digests(DATA, [], label="x", url=URL) == SHA256
    assert check_digests(memoryview(b""), [], label="x", url=URL) == hashlib.sha256(b"").hexdigest()


def test_all_demands_have_to_be_met() -> None:
    good = AllowedHashes.of([("sha256", SHA256)])
    either = AllowedHashes.of([("sha512", SHA512), ("sha256", "0" * 64)])
    bad = AllowedHashes.of([("sha512", "0" * 128)])
    assert check_digests(DATA, [good, either], label="x", url=URL) == SHA256
    with pytest.raises(HashMismatchError):
        check_digests(DATA, [good, bad], label="x", url=URL)


def test_an_algorithm_that_nobody_knows_is_never_met() -> None:
    with pytest.raises(HashMismatchError):
        check_digests(DATA, [AllowedHashes.of([("whirlpool9", "0")])], label="x", url=URL)


def test_what_a_mismatch_says() -> None:
    demand = AllowedHashes.of([("sha256", "a" * 64), ("sha256", "b" * 64)])
    error = mismatch(demand, {"sha256": SHA256, "md5": "0"}, label="x.whl", url=URL)
    assert "x.whl" in error.what
    assert str(error.why).splitlines()[1:] == [
        f"Expected sha256 {'a' * 64}",
        f"      or sha256 {'b' * 64}",
        f"     Got        {SHA256}",
    ]
    assert "secret" not in str(error.why)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in str(error.hint)  # scripts look for pip's words


@pytest.mark.parametrize(
    ("given", "required", "count"),
    [
        ({}, NO_HASHES, 0),
        ({"sha256": SHA256}, NO_HASHES, 1),
        ({}, AllowedHashes.of([("sha256", SHA256)]), 1),
        ({"md5": "0"}, AllowedHashes.of([("sha256", SHA256)]), 2),
        ({"unknown": "0"}, NO_HASHES, 0),
    ],
)
def test_demands(given: dict[str, str], required: AllowedHashes, count: int) -> None:
    assert len(demands_of(given=given, required=required)) == count


def test_the_strongest_digest_of_an_index_counts() -> None:
    demands = demands_of(given={"md5": "0", "sha256": SHA256, "sha1": "1"}, required=NO_HASHES)
    assert demands == [AllowedHashes.of([("sha256", SHA256)])]
