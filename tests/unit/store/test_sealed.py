from __future__ import annotations

import pytest

from asyncpip.store.sealed import seal_of, unseal

DATA = b"a record of some length"
SEALED = DATA + seal_of("key", DATA)


def test_what_was_sealed_comes_back() -> None:
    assert unseal(SEALED, "key") == DATA
    assert unseal(seal_of("key"), "key") == b""


def test_parts_have_the_seal_of_the_whole() -> None:
    assert seal_of("key", DATA[:5], b"", bytearray(DATA[5:])) == seal_of("key", DATA)


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_any_flipped_bit_is_a_miss(position: int) -> None:
    sealed = bytearray(SEALED)
    for bit in range(8):
        sealed[position] ^= 1 << bit
        assert unseal(bytes(sealed), "key") is None
        sealed[position] ^= 1 << bit


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_a_cut_record_is_a_miss(length: int) -> None:
    assert unseal(SEALED[:length], "key") is None


def test_what_belongs_to_another_key_is_a_miss() -> None:
    assert unseal(SEALED, "another") is None
    assert unseal(None, "key") is None
