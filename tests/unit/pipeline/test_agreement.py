"""Is a wheel what its index said it was?"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import pytest

from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.pipeline.agreement import check_agreement
from tests.support.memory_index import metadata, wheel
from tests.support.wheel_builder import build_metadata

if TYPE_CHECKING:
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.pipeline.keeping import Keeping, OnDisk

FILE = wheel("demo", "1.0", url="https://user:secret@h.test/demo-1.0-py3-none-any.whl")


class OneWheel:
    """What is asked of a `Keeping` here."""

    def __init__(self, text: bytes | None) -> None:
        """``text`` is METADATA, None that of a damaged tree."""
        self._text = text
        self.reads = 0

    def read_metadata(self, _stored: OnDisk) -> bytes:
        self.reads += 1
        if self._text is None:
            raise StoreError("damaged")
        return self._text

    def peek_digest(self, _stored: OnDisk) -> str | None:
        return None if self._text is None else hashlib.sha256(self._text).hexdigest()

    def check(self, said: CoreMetadata, digest: str | None = None) -> None:
        check_agreement(FILE, said, digest, cast("Keeping[OnDisk]", self), cast("OnDisk", None))


def check(**own: Any) -> None:
    """Compare what the index said of `demo` with METADATA of a wheel made of ``own``."""
    said = metadata("demo", "1.0", ["a>=1", "b"], requires_python=">=3.8")
    given: dict[str, Any] = {"name": "demo", "version": "1.0", "requires": ["a>=1", "b"], "requires_python": ">=3.8"}
    text = build_metadata(**(given | own)).encode()
    OneWheel(text).check(said)


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"name": "Demo"},
        {"requires": ["b", "a >=1"]},
        {"requires": ["a>=1", "b", "b"]},
    ],
)
def test_spelling_and_order_do_not_count(own: dict[str, Any]) -> None:
    check(**own)


@pytest.mark.parametrize(
    ("own", "difference"),
    [
        ({"name": "other"}, "it is other 1.0, not demo 1.0"),
        ({"version": "1.1"}, "it is demo 1.1, not demo 1.0"),
        ({"requires_python": None}, "its Requires-Python is empty, not >=3.8"),
        ({"requires_python": ">=3.9"}, "its Requires-Python is >=3.9, not >=3.8"),
        ({"requires": ["a>=1"]}, "it does not require b"),
        ({"requires": ["a>=2", "b"]}, "it requires a>=2; it does not require a>=1"),
        ({"requires": ["a>=1", "b", *(f"x{n}" for n in range(7))]}, "it requires x4; and 2 more"),
    ],
)
def test_whatever_differs_is_named(own: dict[str, Any], difference: str) -> None:
    with pytest.raises(WheelFormatError) as caught:
        check(**own)
    assert caught.value.what == "demo-1.0-py3-none-any.whl is not what its index says it is"
    assert str(caught.value.why).endswith(difference)
    assert "secret" not in str(caught.value.why)


def test_a_damaged_tree_is_somebody_elses_business() -> None:
    OneWheel(None).check(metadata("demo", "1.0"))


def test_the_same_text_is_not_read() -> None:
    text = build_metadata("demo", "1.0").encode()
    stored = OneWheel(text)
    stored.check(metadata("demo", "1.0"), hashlib.sha256(text).hexdigest())
    assert stored.reads == 0
    stored.check(metadata("demo", "1.0"), "0" * 64)
    assert stored.reads == 1
