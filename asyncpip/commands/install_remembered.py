"""Installs that were worked out before: the same question over pages that are still fresh. Lean, and sends nothing.

A record holds what the slow path found: which stored wheels, and the lines to print. Everything that could make it
stale is part of the question (`install_start`) or checked here: the pages' freshness, the trees in the store. What
would need more thought (something to remove, a conflict, a warning) is never recorded.
"""

from __future__ import annotations

import os
import time

from asyncpip.commands.compiling import compiler
from asyncpip.commands.holding import hold_environment
from asyncpip.commands.install_start import installed_part
from asyncpip.core.events import Level, Message, Stage, StageProgress
from asyncpip.environment.listing import installed_entries
from asyncpip.errors import StoreError
from asyncpip.install.apply import apply_changes
from asyncpip.install.linker import check_beside, choose_link_mode
from asyncpip.install.manifest import Manifest
from asyncpip.install.placement import Destination, WheelToInstall
from asyncpip.install.stored_bytecode import KeptBytecode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.commands.install_start import Start
    from asyncpip.store.store import Store

_BUCKET = "installs-v3"
_FIELDS = 3
MOST_NAMES_BESIDE_A_SUMMARY = 12
"""Three screen lines or so of names. Where a live display sums up, more would push all else off the screen."""


class RememberedWheel:
    """One wheel of a remembered installation."""

    __slots__ = ("digest", "file_count", "requested")

    def __init__(self, digest: str, *, file_count: int, requested: bool) -> None:
        self.digest = digest
        self.file_count = file_count
        self.requested = requested


def keep_install(
    store: Store, question: str, *, fresh_until: float, wheels: Sequence[RememberedWheel], lines: Sequence[str]
) -> None:
    """Remember an installation; ``fresh_until`` (seconds since the epoch) is when the first of its pages gets stale."""
    body = "\0".join(
        (
            repr(fresh_until),
            "\n".join(f"{wheel.digest} {wheel.file_count} {int(wheel.requested)}" for wheel in wheels),
            "\n".join(lines),
        )
    ).encode("utf-8", "surrogateescape")
    store.write_record(_BUCKET, question, body)


def install_remembered(start: Start) -> int | None:
    """Carry out a remembered installation; None where there is none, or none that still holds."""
    store, question = start.store, start.question
    record = None if store is None or question is None else _read(store, question)
    home = start.selected.target.scheme.purelib
    if record is None or store is None or question is None or not os.path.isdir(home) or not os.access(home, os.W_OK):
        return None
    wheels, lines = record
    tell = start.context.reporter.emit
    timeout_seconds = start.context.settings.seconds("lock_timeout")
    with hold_environment(home, start.context.reporter, timeout_seconds=timeout_seconds):
        store.begin_use()
        # Somebody may have changed it while we waited for the lock.
        unchanged = question.rpartition("\0")[2] == installed_part(installed_entries(start.selected.target.sys_path))
        if not unchanged or not _carry_out(start, store, wheels, lines[:-1]):
            store.end_use()
            return None  # the slow path fetches again what was damaged
        store.mark_used(wheel.digest for wheel in wheels)
        store.end_use()
    tell(Message(Level.INFO, lines[-1], routine=len(wheels) > MOST_NAMES_BESIDE_A_SUMMARY))
    return 0


def _carry_out(
    start: Start,
    store: Store,
    wheels: Sequence[RememberedWheel],
    lines: Sequence[str],
) -> bool:
    """Install ``wheels``, saying ``lines``; return False, all put back, where a stored wheel is gone or changed."""
    target, settings, tell = start.selected.target, start.context.settings, start.context.reporter.emit
    compiles = settings.flag("compile")
    # A process of its own looks at every stored file while this one reads what is to go where.
    looking = check_beside([(store.tree_path(wheel.digest), wheel.file_count) for wheel in wheels])
    manifests = _read_manifests(store, wheels)
    if manifests is None:
        looking.abandon()
        return False
    tell(StageProgress(Stage.INSTALLING, 0, len(wheels)))

    def tell_if_intact() -> None:
        try:
            looking.finish()
        except OSError as error:
            raise StoreError("a stored wheel was changed", why=str(error)) from error
        for line in lines:
            tell(Message(Level.INFO, line, routine=not line.startswith("Looking in ")))

    mode = choose_link_mode(settings.text("link_mode"), store.root, target.scheme.purelib, store_is_temporary=False)
    jobs = settings.number("jobs") or os.cpu_count() or 1
    environ = start.context.environ
    try:
        apply_changes(
            [
                WheelToInstall(manifest, tree, requested=wheel.requested, direct_url=None)
                for wheel, (tree, manifest) in zip(wheels, manifests, strict=True)
            ],
            [],
            Destination(
                scheme=target.scheme,
                executable=target.executable,
                python_version=".".join(target.python_full_version.split(".")[:2]),
                cache_tag=target.cache_tag,
                ensurepip_options=environ.get("ENSUREPIP_OPTIONS"),
            ),
            link_mode=mode,
            jobs=jobs,
            compile_sources=compiler(target, start.context.reporter, environ, jobs=jobs) if compiles else None,
            kept_bytecode=KeptBytecode.for_target(store, target, mode, environ) if compiles else None,
            on_overwrite=lambda text: tell(Message(Level.WARNING, text)),
            before_linking=tell_if_intact,
        )
    except StoreError:
        return False
    tell(StageProgress(Stage.INSTALLING, len(wheels), len(wheels)))
    return True


def _read(store: Store, question: str) -> tuple[list[RememberedWheel], list[str]] | None:
    data = store.read_record(_BUCKET, question)
    fields = (data or b"").decode("utf-8", "surrogateescape").split("\0")
    if len(fields) != _FIELDS:
        return None
    fresh_until, wheels, lines = fields
    if time.time() >= float(fresh_until):
        return None
    parts = [line.split(" ") for line in wheels.split("\n")]
    return [
        RememberedWheel(digest, file_count=int(count), requested=flag == "1") for digest, count, flag in parts
    ], lines.split("\n")


def _read_manifests(store: Store, wheels: Sequence[RememberedWheel]) -> list[tuple[str, Manifest]] | None:
    found: list[tuple[str, Manifest]] = []
    for wheel in wheels:
        data = store.read_manifest(wheel.digest)
        if data is None:
            return None
        try:
            manifest = Manifest.decode(data)
        except ValueError:
            return None
        if manifest.file_count != wheel.file_count:
            return None
        found.append((store.tree_path(wheel.digest), manifest))
    return found
