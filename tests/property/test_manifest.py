"""Manifests: decode after encode is identity, and damage is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncpip.install.manifest import Manifest

pytestmark = pytest.mark.property

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=15)
"""What member names, rows and script names may be; tabs and odd line separators too."""
SCRIPTS = st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=3)
MANIFESTS = st.builds(
    Manifest,
    filename=TEXT,
    digest=TEXT,
    project=TEXT,
    version=TEXT,
    dist_info=TEXT,
    root_is_purelib=st.booleans(),
    console_scripts=SCRIPTS,
    gui_scripts=SCRIPTS,
    root_directories=st.lists(TEXT, max_size=3),
    root_paths=st.lists(TEXT, max_size=5),
    root_rows=st.lists(TEXT, max_size=5),
    other_files=st.lists(st.tuples(TEXT, TEXT, TEXT, st.booleans()), max_size=3),
    sizes=st.lists(st.integers(0, 2**62), max_size=5),
    warnings=st.lists(TEXT, max_size=2),
)


def fields(manifest: Manifest) -> dict[str, object]:
    return {name: getattr(manifest, name) for name in (slot.lstrip("_") for slot in Manifest.__slots__)}


@given(MANIFESTS)
def test_decode_after_encode_is_identity(manifest: Manifest) -> None:
    assert fields(Manifest.decode(manifest.encode())) == fields(manifest)


@given(MANIFESTS, st.data())
def test_a_flipped_bit_is_noticed(manifest: Manifest, draw: st.DataObject) -> None:
    data = bytearray(manifest.encode())
    data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="manifest"):
        Manifest.decode(bytes(data))


@given(MANIFESTS, st.data())
def test_a_cut_is_noticed(manifest: Manifest, draw: st.DataObject) -> None:
    data = manifest.encode()
    with pytest.raises(ValueError, match="manifest"):
        Manifest.decode(data[: draw.draw(st.integers(0, len(data) - 1))])


@given(st.binary(max_size=100))
def test_noise_is_no_manifest(noise: bytes) -> None:
    with pytest.raises(ValueError, match="manifest"):
        Manifest.decode(noise)
