"""The same question twice: answered out of the store, unless anything that the answer rests on is another."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.events import Level
from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.requirement import Origin
from asyncpip.core.values import replace
from asyncpip.errors import WheelFormatError
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.fetch_plan import FetchedPlan, PipelineRequest, run_pipeline
from asyncpip.pipeline.limits import Limits
from asyncpip.pipeline.session import Places
from asyncpip.resolve.resolver import ResolveRequest
from asyncpip.resolve.selection import (
    FormatControl,
    IndexStrategy,
    PreferredVersion,
    ReleaseControl,
    Selection,
    UpgradeStrategy,
)
from tests.support.memory import MemoryReporter
from tests.support.memory_index import MARKERS, TAGS, installed, user, versions
from tests.support.stored import open_test_store
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.core.candidates import Candidate
    from asyncpip.store.store import Store
    from tests.support.index_server import IndexServer


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_test_store(tmp_path / "store")


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    """An index in which `app` needs `leaf`, of either version."""
    index_server.add_wheel("app", "1.0", requires=["leaf"], extras={"x": ["more"]})
    index_server.add_wheel("more", "1.0")
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
    return index_server


class Asked:
    """One way to ask; tests change it."""

    def __init__(self, index: IndexServer, store: Store) -> None:
        self.store = store
        self.reporter = MemoryReporter()
        self.places = Places(
            index_urls=(index.index_url,),
            find_links=(),
            refresh=frozenset(),
            offline=False,
            transport=TransportOptions(timeout_seconds=5, retries=0, use_proxy_env=False),
        )
        self.resolve = ResolveRequest(
            requirements=(user("app"),), selection=selection(), evaluator=MarkerEvaluator(MARKERS)
        )

    def ask(self, *, fetch: bool = False) -> FetchedPlan:
        self.reporter = MemoryReporter()
        request = PipelineRequest(
            resolve=self.resolve,
            places=self.places,
            limits=Limits(jobs=2),
            environ={},
            wanted=lambda resolution: resolution.decisions if fetch else (),
            prefetch_archives=fetch,
        )
        return run_pipeline(request, self.store, self.reporter)

    def solves(self) -> bool:
        """Ask; return whether the answer was searched for."""
        self.ask()
        return not self.knew()

    def knew(self) -> bool:
        """Whether the last answer came out of the store."""
        return any("nothing to search for" in text for text in self.reporter.texts(Level.VERBOSE))

    def records(self, bucket: str) -> list[Path]:
        return list((Path(self.store.root) / bucket).iterdir())


@pytest.fixture
def asked(index: IndexServer, store: Store) -> Asked:
    return Asked(index, store)


def selection(**fields: Any) -> Selection:
    return Selection(**{"tags": TAGS, "python_full_version": "3.11.7", **fields})


def never_needed(_candidate: Candidate) -> bool:
    return False


def test_the_same_question_is_not_solved_again(asked: Asked, index: IndexServer) -> None:
    first = asked.ask()
    assert not asked.knew()
    sent = len(index.requests)
    again = asked.ask()
    assert asked.knew()
    assert again.resolution.decisions == first.resolution.decisions
    assert len(index.requests) == sent
    assert again.fresh_until == first.fresh_until > 0


REQUEST_CHANGES: dict[str, Any] = {
    "requirements": [
        (user("app"), user("leaf")),
        (user("app>=1"),),
        (user("app[x]"),),
        (user("app", origin=Origin(file="r.txt", line=1)),),
        (user("app; python_version > '3'"),),
    ],
    "constraints": [(user("leaf<2"),)],
    "overrides": [(user("leaf==1.0"),)],
    "evaluator": [MarkerEvaluator({**MARKERS, "platform_release": "6.2"})],
    "installed": [installed(("leaf", "1.0", [])), installed(("leaf", "1.0", ["more"])), installed(("other", "1", []))],
    "upgrade": [UpgradeStrategy.EAGER, UpgradeStrategy.ONLY_IF_NEEDED],
    "no_deps": [True],
    "ignore_installed": [True],
    "force_reinstall": [True],
    "require_hashes": [False],
    "needs_metadata": [never_needed],
}
SELECTION_CHANGES: dict[str, Any] = {
    "tags": [TAGS[1:]],
    "python_full_version": ["3.11.8"],
    "formats": [FormatControl(only_binary=frozenset({":all:"})), FormatControl(no_binary=frozenset({"nobody"}))],
    "releases": [ReleaseControl(all_releases=frozenset({"leaf"})), ReleaseControl(only_final=frozenset({"leaf"}))],
    "prefer_binary": [True],
    "ignore_requires_python": [True],
    "allow_sdists": [True],
    "index_strategy": [IndexStrategy.FIRST_INDEX],
    "preferred": [PreferredVersion.LOWEST, PreferredVersion.LOWEST_DIRECT],
}
NO_PART = {"selection", "cancelled"}
"""Fields of a request: the first is a table of its own, the second only ends a search."""


def changes(table: dict[str, Any]) -> list[Any]:
    return [pytest.param(field, value, id=f"{field} {at}") for field in table for at, value in enumerate(table[field])]


def test_the_tables_are_complete() -> None:
    assert set(ResolveRequest._fields) == REQUEST_CHANGES.keys() | NO_PART
    assert set(Selection._fields) == SELECTION_CHANGES.keys() | {"uploaded_prior_to", "answers"}


@pytest.mark.parametrize(("field", "value"), changes(REQUEST_CHANGES))
def test_another_request(asked: Asked, field: str, value: Any) -> None:
    if field == "require_hashes":
        asked.resolve = replace(asked.resolve, require_hashes=True, requirements=())
    asked.ask()
    changed = replace(asked.resolve, **{field: value})
    check_asked_afresh(asked, lambda: setattr(asked, "resolve", changed))


@pytest.mark.parametrize(("field", "value"), changes(SELECTION_CHANGES))
def test_another_selection(asked: Asked, field: str, value: Any) -> None:
    asked.ask()
    changed = replace(asked.resolve, selection=selection(**{field: value}))
    check_asked_afresh(asked, lambda: setattr(asked, "resolve", changed))


@pytest.mark.parametrize("field", ["index_urls", "locked_files", "trusted_hosts"])
def test_other_places(asked: Asked, index: IndexServer, field: str) -> None:
    file = PageFile(filename="more-1.0-py3-none-any.whl", url=index.file_url("more-1.0-py3-none-any.whl"))
    changes_by_field: dict[str, dict[str, Any]] = {
        "index_urls": {"index_urls": (index.index_url, index.index_url + "/")},
        "locked_files": {"locked_files": ((normalize_name("more"), file),)},
        "trusted_hosts": {"transport": replace(asked.places.transport, trusted_hosts=("elsewhere.example",))},
    }
    changed = replace(asked.places, **changes_by_field[field])
    asked.ask()
    check_asked_afresh(asked, lambda: setattr(asked, "places", changed))


def check_asked_afresh(asked: Asked, change: Callable[[], None]) -> None:
    """Assert that the question is another one after ``change``, and that this one is remembered as well."""
    assert not asked.solves()
    change()
    first = asked.ask()
    assert not asked.knew()
    again = asked.ask()
    assert asked.knew()
    assert again.resolution.decisions == first.resolution.decisions
    asked.places = replace(asked.places, refresh=frozenset({":all:"}))  # solves whatever is remembered
    assert asked.ask().resolution.decisions == first.resolution.decisions


def test_hashes_are_part_of_the_question(asked: Asked, index: IndexServer) -> None:
    digest = hashlib.sha256(index.projects["app"][0].data).hexdigest()
    asked.resolve = replace(asked.resolve, no_deps=True, requirements=(user("app"),))
    asked.ask()
    hashed = user("app", hashes=AllowedHashes.of([("sha256", digest), ("sha256", "0" * 64)]))
    check_asked_afresh(asked, lambda: setattr(asked, "resolve", replace(asked.resolve, requirements=(hashed,))))


def test_a_moment_is_asked_anew_each_time(asked: Asked) -> None:
    moment = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    asked.resolve = replace(asked.resolve, selection=selection(uploaded_prior_to=moment))
    assert asked.solves()
    assert asked.solves()


@pytest.mark.parametrize("field", ["refresh", "find_links"])
def test_places_that_say_nothing_about_change(asked: Asked, tmp_path: Path, field: str) -> None:
    values = {"refresh": frozenset({"leaf"}), "find_links": (str(tmp_path),)}
    asked.places = replace(asked.places, **{field: values[field]})
    assert asked.solves()
    assert asked.solves()


def test_sources_are_asked_for_anew_each_time(asked: Asked, index: IndexServer) -> None:
    index.add_sdist("source", "1.0")
    asked.resolve = replace(
        asked.resolve,
        requirements=(user("source"),),
        selection=selection(allow_sdists=True),
        no_deps=True,
        needs_metadata=never_needed,
    )
    assert asked.solves()
    assert asked.solves()


def test_a_place_to_look_in_beside_the_same_indexes(asked: Asked, tmp_path: Path) -> None:
    """What was remembered without it is no answer."""
    assert versions(asked.ask().resolution)["leaf"] == "2.0"
    name, archive = build_wheel("leaf", "3.0")
    (tmp_path / name).write_bytes(archive)
    asked.places = replace(asked.places, find_links=(str(tmp_path),))
    assert versions(asked.ask().resolution)["leaf"] == "3.0"


@pytest.mark.parametrize("change", ["new version", "yanked", "gone"])
def test_a_page_that_has_changed(asked: Asked, index: IndexServer, change: str) -> None:
    index.switches.cache_control = "no-cache"
    assert versions(asked.ask().resolution) == {"leaf": "2.0", "app": "1.0"}
    if change == "new version":
        index.add_wheel("leaf", "3.0")
    elif change == "yanked":
        index.projects["leaf"][-1].yanked = "broken"
    else:
        del index.projects["leaf"][-1]
    plan = asked.ask()
    assert not asked.knew()
    assert versions(plan.resolution)["leaf"] == ("3.0" if change == "new version" else "1.0")


def test_pages_that_are_stale_are_asked_about_at_once(asked: Asked, index: IndexServer) -> None:
    index.switches.cache_control = "no-cache"
    first = asked.ask()
    del index.requests[:]
    again = asked.ask()
    assert asked.knew()
    assert again.resolution.decisions == first.resolution.decisions
    assert sorted(index.paths()) == ["/simple/app/", "/simple/leaf/"]
    assert all("if-none-match" in request.headers for request in index.requests)


def test_a_page_that_another_question_has_renewed(asked: Asked, index: IndexServer) -> None:
    asked.ask()
    index.add_wheel("leaf", "3.0")
    before = asked.resolve, asked.places
    asked.resolve = replace(asked.resolve, requirements=(user("leaf"),))
    asked.places = replace(asked.places, refresh=frozenset({"leaf"}))
    asked.ask()
    asked.resolve, asked.places = before
    assert versions(asked.ask().resolution) == {"leaf": "3.0", "app": "1.0"}


def test_pages_that_cannot_be_recognised_again(asked: Asked, index: IndexServer) -> None:
    index.switches.cache_control, index.switches.etags = "no-store", False
    assert asked.solves()
    assert asked.solves()


def test_a_place_that_did_not_answer(asked: Asked, index: IndexServer) -> None:
    asked.places = replace(asked.places, index_urls=(*asked.places.index_urls, index.url + "/nothing"))
    assert asked.solves()
    assert asked.solves()


def test_a_source(asked: Asked, index: IndexServer) -> None:
    index.add_sdist("leaf", "3.0")
    asked.resolve = replace(asked.resolve, selection=selection(allow_sdists=True), no_deps=True)
    asked.resolve = replace(asked.resolve, requirements=(user("leaf"),), needs_metadata=never_needed)
    assert versions(asked.ask().resolution) == {"leaf": "3.0"}
    assert asked.solves()


def test_offline_the_answer_stands(asked: Asked, index: IndexServer) -> None:
    index.switches.cache_control = "no-cache"
    asked.ask()
    asked.places = replace(asked.places, offline=True)
    del index.requests[:]
    assert not asked.solves()
    assert index.requests == []


def test_what_was_said_is_said_again(asked: Asked) -> None:
    asked.resolve = replace(asked.resolve, requirements=(user("app[nothing]"), user("app; python_version < '3'")))
    asked.ask()
    told = [asked.reporter.texts(level) for level in (Level.INFO, Level.WARNING)]
    assert "does not provide the extra" in told[1][0]
    assert not asked.solves()
    assert [asked.reporter.texts(level) for level in (Level.INFO, Level.WARNING)] == told


@pytest.mark.parametrize("damage", [b"", b"\x93damage"])
def test_a_damaged_record_is_a_miss(asked: Asked, damage: bytes) -> None:
    asked.ask()
    (record,) = (each for each in asked.records("resolutions-v1"))
    record.write_bytes(damage)
    assert asked.solves()


def test_metadata_that_is_gone(asked: Asked) -> None:
    asked.ask()
    for record in asked.records("metadata-v2"):
        record.unlink()
    assert asked.solves()


def test_a_wheel_is_compared_with_what_an_earlier_run_was_told(asked: Asked, index: IndexServer) -> None:
    index.switches.metadata_hashes = False
    file = index.projects["leaf"][-1]
    assert file.metadata is not None
    file.metadata = file.metadata.replace(b"Version: 2.0\n", b"Version: 2.0\nRequires-Dist: more\n")
    asked.resolve = replace(asked.resolve, requirements=(user("leaf"),))
    assert versions(asked.ask().resolution) == {"more": "1.0", "leaf": "2.0"}
    with pytest.raises(WheelFormatError, match="not what its index says"):
        asked.ask(fetch=True)
    assert asked.knew()
    asked.solves()
    assert not asked.knew()
