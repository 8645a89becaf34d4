"""Is a wheel what its index said it was?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.pipeline.agreement import check_agreement
from tests.support.memory_index import metadata, wheel
from tests.support.wheel_builder import build_metadata

if TYPE_CHECKING:
    from asyncpip.core.metadata import CoreMetadata

FILE = wheel("demo", "1.0", url="https://user:secret@h.test/demo-1.0-py3-none-any.whl")


def compare(said: CoreMetadata, text: bytes | None) -> None:
    """Compare ``said`` with METADATA of a wheel; None is that of a damaged tree."""

    def read_metadata(_stored: object) -> bytes:
        if text is None:
            raise StoreError("damaged")
        return text

    check_agreement(FILE, said, read_metadata, None)


def check(**own: Any) -> None:
    """Compare what the index said of `demo` with METADATA of a wheel made of ``own``."""
    said = metadata("demo", "1.0", ["a>=1", "b"], requires_python=">=3.8")
    given: dict[str, Any] = {"name": "demo", "version": "1.0", "requires": ["a>=1", "b"], "requires_python": ">=3.8"}
    text = build_metadata(**(given | own)).encode()
    compare(said, text)


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
    compare(metadata("demo", "1.0"), None)
