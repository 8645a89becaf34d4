"""Archives: the same content as zipfile has it, or a refusal."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncpip.errors import WheelFormatError
from asyncpip.install.archive import ArchiveReader

pytestmark = pytest.mark.property

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=12)
METHODS = st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
MEMBERS = st.dictionaries(NAMES, st.tuples(st.binary(max_size=300) | st.just(b"ab" * 900), METHODS), max_size=5)


def zipped(members: dict[str, tuple[bytes, int]], comment: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as writing:
        for name, (content, method) in members.items():
            writing.writestr(zipfile.ZipInfo(name), content, method)
        writing.comment = comment
    return buffer.getvalue()


def ours(data: bytes) -> list[tuple[str, bytes]] | None:
    """Return names and contents; None where the archive is refused, and never another error."""
    try:
        reader = ArchiveReader(data, "x.whl")
        whole = [(member[0], bytes(reader.read(member))) for member in reader.members]
        in_pieces = [(member[0], b"".join(reader.read_chunks(member))) for member in reader.members]
    except WheelFormatError:
        return None
    assert in_pieces == whole
    return whole


def theirs(data: bytes) -> list[tuple[str, bytes]] | None:
    try:
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(io.BytesIO(data)) as reading:
            return [(info.orig_filename, reading.read(info)) for info in reading.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        return None


@given(MEMBERS, st.binary(max_size=20).filter(lambda comment: b"PK\5\6" not in comment))
def test_whole_archives_read_as_zipfile_reads_them(members: dict[str, tuple[bytes, int]], comment: bytes) -> None:
    data = zipped(members, comment)
    assert ours(data) == theirs(data) == [(name, content) for name, (content, _) in members.items()]


@given(MEMBERS, st.data())
@settings(max_examples=300)
def test_flipped_bits_never_change_a_content_unnoticed(
    members: dict[str, tuple[bytes, int]], draw: st.DataObject
) -> None:
    data = bytearray(zipped(members, b""))
    for _ in range(draw.draw(st.integers(1, 3))):
        data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
    found = ours(bytes(data))
    if found is None:
        return
    known = {content for content, _ in members.values()}
    assert all(content in known for _, content in found)
    expected = theirs(bytes(data))
    if expected is not None:  # it gives up over versions and flags that change nothing
        assert found == expected


@given(MEMBERS, st.data())
def test_bytes_left_out_or_put_in_are_noticed(members: dict[str, tuple[bytes, int]], draw: st.DataObject) -> None:
    data = zipped(members, b"")
    at = draw.draw(st.integers(0, len(data) - 1))
    length = draw.draw(st.integers(1, 40))
    contents = [(name, content) for name, (content, _) in members.items()]
    cut = data[:at] + data[at + length :]
    assert ours(cut) is None
    grown = data[:at] + draw.draw(st.binary(min_size=length, max_size=length)) + data[at:]
    assert ours(grown) in (None, contents)


@given(st.binary(max_size=400), st.sampled_from((b"", b"PK\3\4", b"PK\5\6", b"PK\6\6")))
def test_noise_is_refused(noise: bytes, start: bytes) -> None:
    found = ours(start + noise)
    assert found is None or found == theirs(start + noise)
