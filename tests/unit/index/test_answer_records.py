"""Two records that belong together, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from asyncpip.index.addresses import PAGES, page_url, record_key
from asyncpip.index.answer_records import AnswerRecords
from asyncpip.index.freshness import Freshness
from tests.support.memory import MemoryRecords

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

KEY = "https://index.test/simple/demo/"
FRESH = Freshness(fetched_at_seconds=1000.0, max_age_seconds=600, etag='"1"')


@pytest.fixture
def store() -> MemoryRecords:
    return MemoryRecords()


@pytest.fixture
def answers(store: MemoryRecords) -> AnswerRecords:
    return AnswerRecords(store, PAGES)


def test_what_was_written_is_read(answers: AnswerRecords) -> None:
    assert answers.read(KEY, bytes) is None
    answers.write(KEY, [b"content"], FRESH)
    assert answers.read(KEY, bytes) == (b"content", FRESH)
    assert answers.read_freshness(KEY) == FRESH


def test_only_fresh(answers: AnswerRecords) -> None:
    answers.write(KEY, [b"content"], FRESH)
    assert answers.read(KEY, bytes, fresh_at=1599) is not None
    assert answers.read(KEY, bytes, fresh_at=1600) is None


def test_renewed_freshness(answers: AnswerRecords) -> None:
    answers.write(KEY, [b"content"], FRESH)
    answers.write_freshness(KEY, FRESH.confirmed({}, 2000))
    assert answers.read(KEY, bytes, fresh_at=2599) is not None


def test_parts_that_do_not_belong_together_are_a_miss(answers: AnswerRecords) -> None:
    answers.write(KEY, [b"content"], FRESH)
    answers.write_freshness(KEY, Freshness(fetched_at_seconds=2000.0, max_age_seconds=600, etag='"2"'))
    assert answers.read(KEY, bytes) is None


def test_forgotten(answers: AnswerRecords) -> None:
    answers.write(KEY, [b"content"], FRESH)
    answers.forget(KEY)
    assert answers.read(KEY, bytes) is None


@pytest.mark.parametrize("bucket", [PAGES, "freshness-of-" + PAGES])
def test_damage_and_loss_are_a_miss(store: MemoryRecords, answers: AnswerRecords, bucket: str) -> None:
    answers.write(KEY, [b"content"], FRESH)
    store.write_record(bucket, KEY, b"\x93")
    assert answers.read(KEY, bytes) is None
    del store.records[bucket, KEY]
    assert answers.read(KEY, bytes) is None


def test_content_that_does_not_parse_is_a_miss(answers: AnswerRecords) -> None:
    answers.write(KEY, [b"content"], FRESH)
    assert answers.read(KEY, int) is None


@pytest.mark.parametrize("index_url", ["https://h/simple", "https://h/simple/"])
def test_page_url(index_url: str) -> None:
    assert page_url(index_url, cast("NormalizedName", "demo-app")) == "https://h/simple/demo-app/"


def test_key_has_no_credentials() -> None:
    assert record_key("https://u:p@h/simple/demo/#x") == "https://h/simple/demo/"
