from __future__ import annotations

import pytest

from asyncpip.store.sealed import seal, unseal

DATA = b"a record of some length"


def test_what_was_sealed_comes_back() -> None:
    assert unseal(seal(DATA, "key"), "key") == DATA
    assert unseal(seal(b"", "key"), "key") == b""


@pytest.mark.parametrize("position", range(len(seal(DATA, "key"))))
def test_any_flipped_bit_is_a_miss(position: int) -> None:
    sealed = bytearray(seal(DATA, "key"))
    for bit in range(8):
        sealed[position] ^= 1 << bit
        assert unseal(bytes(sealed), "key") is None
        sealed[position] ^= 1 << bit


@pytest.mark.parametrize("length", range(len(seal(DATA, "key"))))
def test_a_cut_record_is_a_miss(length: int) -> None:
    assert unseal(seal(DATA, "key")[:length], "key") is None


def test_what_belongs_to_another_key_is_a_miss() -> None:
    assert unseal(seal(DATA, "key"), "another") is None
    assert unseal(None, "key") is None
