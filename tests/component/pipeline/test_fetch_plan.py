"""A whole run of the pipeline against a real server: requirements in, resolution and stored wheels out."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.events import Stage, StageProgress, TransferEnded, TransferExpected, TransferStarted
from asyncpip.core.hashes import AllowedHashes
from asyncpip.errors import (
    AsyncpipError,
    DownloadError,
    HashMismatchError,
    NoMatchingDistributionError,
    ResolutionImpossibleError,
    WheelFormatError,
)
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.fetch_plan import FetchedPlan, PipelineRequest, run_pipeline
from asyncpip.pipeline.limits import Limits
from asyncpip.pipeline.session import Places
from asyncpip.resolve.resolver import ResolveRequest
from tests.support.index_server import Fault, IndexServer
from tests.support.memory import MemoryReporter
from tests.support.memory_index import MARKERS, SELECTION, user, versions
from tests.support.stored import open_test_store, snapshot
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.core.requirement import UserRequirement
    from asyncpip.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_test_store(tmp_path / "store")


@pytest.fixture
def tree(index_server: IndexServer) -> IndexServer:
    """An index in which `app` needs seven projects, at three levels."""
    for name, requires in {
        "app": ["web>=1", "db", "log"],
        "web": ["tls", "text<2"],
        "db": ["text", "num; python_version > '3'"],
        "log": [],
        "tls": ["num"],
        "num": [],
    }.items():
        for version in ("1.0", "1.5"):
            index_server.add_wheel(name, version, requires=requires, files={f"{name}.py": f"V = '{version}'\n" * 99})
    for version in ("1.0", "2.0"):
        index_server.add_wheel("text", version)
    return index_server


def run(
    server: IndexServer,
    store: Store,
    *requirements: str | UserRequirement,
    wanted: Any = lambda resolution: resolution.decisions,
    prefetch: bool = True,
    limits: Limits | None = None,
    retries: int = 0,
    reporter: MemoryReporter | None = None,
) -> FetchedPlan:
    request = PipelineRequest(
        resolve=ResolveRequest(
            requirements=tuple(user(each) if isinstance(each, str) else each for each in requirements),
            selection=SELECTION,
            evaluator=MarkerEvaluator(MARKERS),
        ),
        places=Places(
            index_urls=(server.index_url,),
            find_links=(),
            refresh=frozenset(),
            offline=False,
            transport=TransportOptions(timeout_seconds=5, retries=retries, use_proxy_env=False),
        ),
        limits=limits or Limits(jobs=2),
        environ={},
        wanted=wanted,
        prefetch_archives=prefetch,
    )
    try:
        return run_pipeline(request, store, reporter or MemoryReporter())
    finally:
        deadline = time.monotonic() + 2
        while workers() and time.monotonic() < deadline:
            time.sleep(0.002)
        assert workers() == []


def workers() -> list[str]:
    """Threads of a run: the solver's, and those that read and write."""
    return [thread.name for thread in threading.enumerate() if "AnyIO" in thread.name]


def trees(plan: FetchedPlan) -> dict[str, dict[str, object]]:
    """The stored wheels of a plan, by project; a store may also hold candidates that were dropped on the way."""
    return {name: snapshot(wheel.tree) for name, wheel in plan.wheels.items()}


def no_leftovers(tmp_path: Path) -> bool:
    folder = tmp_path / "store" / "tmp"
    return not folder.exists() or list(folder.iterdir()) == []


EXPECTED = {"app": "1.5", "web": "1.5", "db": "1.5", "log": "1.5", "tls": "1.5", "num": "1.5", "text": "1.0"}


def test_a_run(tree: IndexServer, store: Store, tmp_path: Path) -> None:
    plan = run(tree, store, "app")
    assert versions(plan.resolution) == EXPECTED
    assert plan.wheels.keys() == EXPECTED.keys()
    assert all(store.has_tree(wheel.digest) and not wheel.from_store for wheel in plan.wheels.values())
    assert all(len(tree) > 3 for tree in trees(plan).values())
    assert no_leftovers(tmp_path)
    assert len(tree.paths(containing="-1.0-py3")) <= 4  # METADATA and wheel of `text` alone
    requests = len(tree.requests)
    again = run(tree, store, "app")
    assert versions(again.resolution) == EXPECTED
    assert all(wheel.from_store for wheel in again.wheels.values())
    assert len(tree.requests) == requests


def test_metadata_of_one_index_is_not_believed_of_another(index_server: IndexServer, store: Store) -> None:
    """A digest is what an index says: one that lies says nothing of the wheels of others."""
    index_server.add_wheel("demo", "1.0")
    index_server.add_wheel("other", "1.0")
    with IndexServer() as liar:
        liar.add_wheel("other", "1.0")
        liar.add_wheel("demo", "1.0", requires=["other"])
        honest, lying = index_server.projects["demo"], liar.projects["demo"]
        lying[0].sha256 = hashlib.sha256(honest[0].data).hexdigest()
        told = run(liar, store, "demo", wanted=lambda _: (), prefetch=False)
        assert versions(told.resolution) == {"demo": "1.0", "other": "1.0"}
    assert versions(run(index_server, store, "demo").resolution) == {"demo": "1.0"}


@pytest.mark.parametrize("source", ["PEP 658", "ranges", "no suffix ranges", "whole wheels", "html"])
def test_wherever_metadata_comes_from(tree: IndexServer, store: Store, tmp_path: Path, source: str) -> None:
    tree.switches.metadata = source in ("PEP 658", "html")
    tree.switches.ranges = source != "whole wheels"
    tree.switches.suffix_ranges = source != "no suffix ranges"
    tree.switches.json = source != "html"
    plan = run(tree, store, "app")
    assert versions(plan.resolution) == EXPECTED
    tree.switches.metadata = tree.switches.ranges = tree.switches.json = True
    assert trees(run(tree, open_test_store(tmp_path / "other"), "app")) == trees(plan)
    assert bool(tree.paths(containing=".metadata")) or source != "PEP 658"


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_arrival_does_not_show(tree: IndexServer, store: Store, tmp_path: Path, seed: int) -> None:
    expected = open_test_store(tmp_path / "expected")
    plan = run(tree, expected, "app", "text", limits=Limits(jobs=1, concurrent_downloads=1))
    chance = random.Random(seed)  # noqa: S311 - delays, not secrets
    for path in set(tree.paths()):
        tree.script(path, Fault(stall_seconds=chance.choice((0, 0, 0.02, 0.05))))
    other = run(tree, store, "app", "text", limits=Limits(jobs=4))
    assert other.resolution.decisions == plan.resolution.decisions
    assert {name: wheel.digest for name, wheel in other.wheels.items()} == {
        name: wheel.digest for name, wheel in plan.wheels.items()
    }
    assert trees(other) == trees(plan)


def test_only_what_is_wanted_is_fetched(tree: IndexServer, store: Store) -> None:
    plan = run(tree, store, "app", wanted=lambda _: (), prefetch=False)
    assert versions(plan.resolution) == EXPECTED
    assert plan.wheels == {}
    assert not [path for path in tree.paths(containing="/files/") if path.endswith(".whl")]


def test_what_a_run_tells_of_its_stages_and_transfers(tree: IndexServer, store: Store) -> None:
    reporter = MemoryReporter()
    plan = run(tree, store, "app", reporter=reporter)
    stages = [event for event in reporter.events if isinstance(event, StageProgress)]
    count = len(EXPECTED)
    resolving = [event for event in stages if event.stage == Stage.RESOLVING]
    assert resolving[0] == StageProgress(Stage.RESOLVING, 0, None)
    assert [event.total for event in resolving[1:]] == [*range(1, count + 1), count]
    assert all(event.done <= (event.total or 0) for event in resolving)
    assert stages[len(resolving)] == StageProgress(Stage.FETCHING, 0, count)
    unpacking = stages[len(resolving) + 1 :]
    assert [(event.stage, event.done, event.total) for event in unpacking] == [
        (Stage.UNPACKING, number + 1, count) for number in range(count)
    ]
    expected, started, ended = (
        [event.key for event in reporter.events if isinstance(event, kind)]
        for kind in (TransferExpected, TransferStarted, TransferEnded)
    )
    assert sorted(expected) == sorted(started) == sorted(ended)
    assert set(ended) >= {
        decision.choice.file.filename
        for decision in plan.resolution.decisions
        if isinstance(decision.choice, Candidate)
    }


def test_the_download_of_a_dropped_candidate_is_given_up(
    index_server: IndexServer, store: Store, tmp_path: Path
) -> None:
    """`first` 2.0 is pinned, its archive hangs; then it turns out that `second` cannot live with it."""
    index_server.add_wheel("first", "1.0")
    dropped = index_server.add_wheel("first", "2.0", requires=["third<1"])
    index_server.add_wheel("second", "1.0", requires=["third>=1"])
    index_server.add_wheel("third", "0.5")
    index_server.add_wheel("third", "1.0")
    index_server.script(f"/files/{dropped.filename}", *[Fault(stall_at=10, stall_seconds=30)] * 3)
    index_server.script("/files/second-1.0-py3-none-any.whl.metadata", Fault(stall_seconds=0.2))
    started = time.monotonic()
    reporter = MemoryReporter()
    limits = Limits(jobs=1, concurrent_downloads=1)
    plan = run(index_server, store, "first", "second", limits=limits, reporter=reporter)
    assert time.monotonic() - started < 5
    given_up = {event.key for event in reporter.events if isinstance(event, TransferEnded) and not event.ok}
    assert given_up == {dropped.filename, "third-0.5-py3-none-any.whl"}  # the latter while it waited for its turn
    assert versions(plan.resolution) == {"first": "1.0", "second": "1.0", "third": "1.0"}
    assert plan.wheels.keys() == {"first", "second", "third"}
    assert f"/files/{dropped.filename}" in index_server.paths()
    assert no_leftovers(tmp_path)


# --- errors


def many(server: IndexServer, count: int = 20) -> list[str]:
    for number in range(count):
        server.add_wheel(f"p{number}", "1.0")
    return [f"p{number}" for number in range(count)]


def wheel_path(number: int) -> str:
    return f"/files/p{number}-1.0-py3-none-any.whl"


def test_one_wrong_hash_ends_the_run(index_server: IndexServer, store: Store, tmp_path: Path) -> None:
    names = many(index_server)
    for number in (1, 3, 11, 17):
        index_server.script(wheel_path(number), Fault(stall_at=5, stall_seconds=30))
    index_server.script(wheel_path(9), Fault(body=b"tampered with"))
    started = time.monotonic()
    with pytest.raises(HashMismatchError) as caught:
        run(index_server, store, *names, limits=Limits(jobs=2, concurrent_downloads=20))
    assert "p9-1.0" in caught.value.what
    assert time.monotonic() - started < 5
    assert no_leftovers(tmp_path)
    assert run(index_server, store, *names).wheels.keys() == set(names)


def test_one_broken_wheel_ends_the_run(index_server: IndexServer, store: Store, tmp_path: Path) -> None:
    names = many(index_server)
    filename, data = build_wheel("p9", "2.0", bad_crc=["p9.py"])
    index_server.add(filename, data)
    with pytest.raises(WheelFormatError, match=filename):
        run(index_server, store, *names)
    assert no_leftovers(tmp_path)


def test_a_refused_download(index_server: IndexServer, store: Store, tmp_path: Path) -> None:
    names = many(index_server, 5)
    index_server.script(wheel_path(3), *[Fault(status=404)] * 5)
    with pytest.raises(DownloadError, match=r"p3-1\.0"):
        run(index_server, store, *names)
    assert no_leftovers(tmp_path)


def test_an_index_that_does_not_answer(index_server: IndexServer, store: Store) -> None:
    names = many(index_server, 5)
    index_server.script("/simple/p3/", *[Fault(status=503)] * 50)
    with pytest.raises(NoMatchingDistributionError, match="p3"):  # as in pip, after a warning that tells why
        run(index_server, store, *names)


def test_no_index_at_all(index_server: IndexServer, store: Store) -> None:
    names = many(index_server, 5)
    index_server.stop()
    with pytest.raises(AsyncpipError) as caught:
        run(index_server, store, *names)
    assert caught.value.exit_code == 1


def test_unknown_projects_and_conflicts(tree: IndexServer, store: Store) -> None:
    with pytest.raises(NoMatchingDistributionError, match="unknown"):
        run(tree, store, "app", "unknown")
    with pytest.raises(ResolutionImpossibleError):
        run(tree, store, "app", "text>=2", "web>=1")


def test_an_error_of_what_nobody_needs_is_no_error(index_server: IndexServer, store: Store) -> None:
    """A version that loses, and whose metadata is broken, is passed over without a word."""
    index_server.add_wheel("demo", "1.0")
    index_server.add_wheel("demo", "2.0")
    index_server.script("/files/demo-2.0-py3-none-any.whl.metadata", *[Fault(status=500)] * 5)
    index_server.script("/files/demo-2.0-py3-none-any.whl", *[Fault(status=500)] * 5)
    assert versions(run(index_server, store, "demo<2").resolution) == {"demo": "1.0"}


def test_a_required_hash_of_another_kind(index_server: IndexServer, store: Store) -> None:
    import hashlib  # noqa: PLC0415 - this test alone

    file = index_server.add_wheel("demo", "1.0")
    wanted = user("demo==1.0", hashes=AllowedHashes.of([("sha512", hashlib.sha512(file.data).hexdigest())]))
    for _ in range(2):
        assert run(index_server, store, wanted).wheels.keys() == {"demo"}
    with pytest.raises(HashMismatchError):
        run(index_server, store, user("demo==1.0", hashes=AllowedHashes.of([("sha512", "0" * 128)])))


def test_a_damaged_store_is_mended(index_server: IndexServer, store: Store, tmp_path: Path) -> None:
    """A manifest that does not parse is a miss, also where a direct reference needs the metadata in it."""
    index_server.switches.metadata = False
    filename, data = build_wheel("demo", "1.0")
    (tmp_path / filename).write_bytes(data)
    requirement = user(f"demo @ {(tmp_path / filename).as_uri()}")
    plan = run(index_server, store, requirement)
    manifest = f"{plan.wheels[versions_name(plan)].tree}/manifest"
    with open(manifest, "r+b") as file:
        file.write(b"damaged")
    assert versions(run(index_server, store, requirement).resolution) == {"demo": "1.0"}
    with open(manifest, "rb") as file:
        assert not file.read().startswith(b"damaged")


def versions_name(plan: FetchedPlan) -> Any:
    (decision,) = plan.resolution.decisions
    assert isinstance(decision.choice, Candidate)
    return decision.name
