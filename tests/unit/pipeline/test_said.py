"""What an index said of a wheel is compared with the wheel's own METADATA, unless they are known to be the same."""

from __future__ import annotations

from hashlib import sha256

import pytest

from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.names import Digest
from asyncpip.core.page import PageFile
from asyncpip.fetch.wheels import StoredWheel
from asyncpip.pipeline.agreement import Said

TEXT = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
METADATA = parse_core_metadata(TEXT)
DIGEST = sha256(TEXT).hexdigest()


def page_file(digest: str | None) -> PageFile:
    return PageFile(
        filename="demo-1.0-py3-none-any.whl",
        url="https://example.invalid/demo-1.0-py3-none-any.whl",
        hashes={},
        core_metadata={"sha256": digest} if digest else True,
    )


def stored(*, from_store: bool, digest: str | None = None) -> StoredWheel:
    return StoredWheel(digest=Digest("0" * 64), tree="/tree", from_store=from_store, metadata_sha256=digest)


@pytest.mark.parametrize("given", [None, DIGEST, DIGEST.upper()])
def test_the_same_file_is_not_compared(given: str | None) -> None:
    said = Said()
    said.now(page_file(given), METADATA, TEXT)
    assert said.to_compare(page_file(given), stored(from_store=False, digest=DIGEST)) is None


@pytest.mark.parametrize("digest", [None, sha256(b"another").hexdigest()])
def test_another_file_is_compared_once(digest: str | None) -> None:
    said = Said()
    said.now(page_file(None), METADATA, TEXT)
    wheel = stored(from_store=False, digest=digest)
    assert said.to_compare(page_file(None), wheel) == METADATA
    assert said.to_compare(page_file(None), wheel) is None


def test_what_is_new_is_compared_with_what_was_stored_before() -> None:
    said = Said()
    said.now(page_file(None), METADATA, TEXT)
    assert said.to_compare(page_file(None), stored(from_store=True)) == METADATA


@pytest.mark.parametrize("from_store", [True, False])
def test_what_was_said_before_is_compared_with_a_new_wheel(from_store: bool) -> None:
    said = Said()
    said.before(page_file(None), METADATA)
    found = said.to_compare(page_file(None), stored(from_store=from_store, digest=DIGEST))
    assert found == (None if from_store else METADATA)


def test_nothing_said_nothing_compared() -> None:
    assert Said().to_compare(page_file(None), stored(from_store=False)) is None
