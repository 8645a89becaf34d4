"""From an `Inquiry` to a run of the pipeline: what `install`, `download`, `wheel`, `lock` ask. Loads the pipeline."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from asyncpip.core.events import Level, Message
from asyncpip.core.urls import redact
from asyncpip.errors import DownloadError, NoMatchingDistributionError, ResolutionError, StoreError
from asyncpip.pipeline.session import Places
from asyncpip.resolve.resolver import ResolveRequest
from asyncpip.resolve.selection import UpgradeStrategy
from asyncpip.store.store import Store, process_umask, remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.commands.install_options import IndexOptions
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.events import Reporter
    from asyncpip.resolve.selection import Selection

T = TypeVar("T")
_OFFLINE = "with `--offline` only what the store and --find-links hold counts"


def resolve_request(
    inquiry: Inquiry,
    chosen: Selection,
    *,
    installed: Mapping[NormalizedName, InstalledDistribution] | None = None,
    upgrade: UpgradeStrategy = UpgradeStrategy.TO_SATISFY_ONLY,
    ignore_installed: bool = False,
    force_reinstall: bool = False,
) -> ResolveRequest:
    """Return the question to the resolver; ``installed`` None where what is installed has no part in it."""
    return ResolveRequest(
        requirements=inquiry.input.requirements,
        constraints=inquiry.input.constraints,
        overrides=inquiry.overrides,
        selection=chosen,
        evaluator=inquiry.evaluator,
        installed=installed or {},
        upgrade=upgrade,
        no_deps=inquiry.settings.flag("no_deps"),
        ignore_installed=ignore_installed,
        force_reinstall=force_reinstall,
        require_hashes=inquiry.requires_hashes,
    )


def places_of(inquiry: Inquiry, index: IndexOptions) -> Places:
    """Return where distributions come from."""
    return Places(
        index_urls=index.index_urls,
        find_links=index.find_links,
        refresh=index.refresh,
        offline=index.offline,
        transport=index.transport,
        locked_files=inquiry.input.locked_files,
    )


def place_lines(index: IndexOptions) -> list[str]:
    """Return pip's lines about places other than the default index."""
    lines = []
    if index.index_urls and index.index_urls != ("https://pypi.org/simple",):
        lines.append(f"Looking in indexes: {', '.join(map(redact, index.index_urls))}")
    if index.find_links:
        lines.append(f"Looking in links: {', '.join(map(redact, index.find_links))}")
    return lines


@contextmanager
def explaining_failure(inquiry: Inquiry, *, offline: bool) -> Iterator[None]:
    """Say in an error about something that is not here that the run was not to ask the network; serve `--explain`."""
    try:
        yield
    except ResolutionError as error:
        if offline and isinstance(error, NoMatchingDistributionError):
            error.hint = _OFFLINE
        place = inquiry.settings.text("explain")
        if place is not None:
            _write_explanation(inquiry, place, error)
        raise
    except DownloadError as error:
        if offline:
            error.hint = _OFFLINE
        raise


def _write_explanation(inquiry: Inquiry, place: str, error: ResolutionError) -> None:
    """Write why there is no answer, as JSON."""
    import json  # noqa: PLC0415 - like the next, only where something failed

    from asyncpip.commands.install_report import write_text  # noqa: PLC0415

    facts = dict(error.facts) if error.facts is not None else {"kind": "no match"}
    document = {"version": "1", "what": error.what, "why": error.why, "hint": error.hint, **facts}
    write_text(inquiry.context, place, json.dumps(document, indent=2) + "\n")


@contextmanager
def store_or_temporary(store: Store | None, home: str | None) -> Iterator[Store]:
    """Give ``store``; without a cache one for this run, in ``home`` or, where that is None, among temporary files."""
    if store is not None:
        yield store
        return
    import os  # noqa: PLC0415 - like the next, only without a cache
    import tempfile  # noqa: PLC0415

    from asyncpip.install.transaction import PREFIX  # noqa: PLC0415

    path = os.path.join(home or tempfile.gettempdir(), f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}")
    try:
        yield Store(path, umask=process_umask(), is_temporary=True)
    finally:
        remove_tree(path)


def with_cache_or_without(store: Store | None, reporter: Reporter, work: Callable[[Store | None], T]) -> T:
    """Do ``work`` with ``store``; where that turns out to be full or broken, warn, and do it again without."""
    try:
        return work(store)
    except StoreError as error:
        if store is None:
            raise
        text = f"The cache cannot be used, this run goes on without it: {error.what}: {error.why}"
        reporter.emit(Message(Level.WARNING, text))
    return work(None)
