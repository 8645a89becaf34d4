"""Installs that were worked out before: the same question over pages that are still fresh. Lean, and sends nothing.

A record holds what the slow path found: which stored wheels, what of the installed goes and stays, and the lines to
print. Everything that could make it stale is part of the question (`install_start`: requirements, options, what is
installed and what its metadata says) or checked here: the pages' freshness, the trees in the store. What would need
more thought (a conflict, a warning) is never recorded.
"""

from __future__ import annotations

import os
import time

from asyncpip.commands.compiling import compiler
from asyncpip.commands.holding import hold_environment
from asyncpip.commands.install_start import installed_part
from asyncpip.commands.shown_paths import display_path
from asyncpip.core.events import Level, Message, Stage, StageProgress
from asyncpip.core.values import Value
from asyncpip.errors import AsyncpipError, StoreError
from asyncpip.install.apply import apply_changes
from asyncpip.install.linker import check_beside, choose_link_mode
from asyncpip.install.manifest import Manifest
from asyncpip.install.placement import Destination, WheelToInstall
from asyncpip.install.stored_bytecode import KeptBytecode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.commands.install_start import Start
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.install.apply import Removal
    from asyncpip.store.store import Store

_BUCKET = "installs-v4"
_FIELDS = 6
THE_ENVIRONMENT = "\1"
"""Stands in a line for the directory that is installed to."""
_ROUTINE = ("Collecting ", "  Using cached ", "Installing collected packages")
MOST_NAMES_BESIDE_A_SUMMARY = 12
"""Three screen lines or so of names. Where a live display sums up, more would push all else off the screen."""


class RememberedWheel:
    """One wheel of a remembered installation."""

    __slots__ = ("digest", "file_count", "requested")

    def __init__(self, digest: str, *, file_count: int, requested: bool) -> None:
        self.digest = digest
        self.file_count = file_count
        self.requested = requested


class RememberedInstall(Value):
    """What an installation came to."""

    fresh_until: float
    """When the first of its pages gets stale, in seconds since the epoch."""
    wheels: Sequence[RememberedWheel]
    stays: Sequence[str]
    """Names of dist-info directories that satisfy a requirement."""
    goes: Sequence[str]
    """Names of dist-info directories that wheels replace."""
    before: Sequence[str]
    """Lines told before the first change."""
    after: Sequence[str]


def keep_install(store: Store, question: str, found: RememberedInstall) -> None:
    """Remember an installation."""
    body = "\0".join(
        (
            repr(found.fresh_until),
            "\n".join(f"{wheel.digest} {wheel.file_count} {int(wheel.requested)}" for wheel in found.wheels),
            "\n".join(found.stays),
            "\n".join(found.goes),
            "\n".join(found.before),
            "\n".join(found.after),
        )
    ).encode("utf-8", "surrogateescape")
    store.write_record(_BUCKET, question, body)


def install_remembered(start: Start) -> int | None:
    """Carry out a remembered installation; None where there is none, or none that still holds."""
    store, question, target = start.store, start.question, start.selected.target
    found = None if store is None or question is None else _read(store, question)
    home = target.scheme.purelib
    if found is None or store is None or question is None or not os.path.isdir(home) or not os.access(home, os.W_OK):
        return None
    timeout_seconds = start.context.settings.seconds("lock_timeout")
    with hold_environment(home, start.context.reporter, timeout_seconds=timeout_seconds):
        store.begin_use()
        # Somebody may have changed it while we waited for the lock.
        unchanged = question.rpartition("\0")[2] == installed_part(target)
        if not unchanged or not _carry_out(start, store, found):
            store.end_use()
            return None  # the slow path fetches again what was damaged
        store.mark_used(wheel.digest for wheel in found.wheels)
        store.end_use()
    for line in found.after:
        routine = line is found.after[-1] and len(found.wheels) > MOST_NAMES_BESIDE_A_SUMMARY
        start.context.reporter.emit(Message(Level.INFO, line, routine=routine))
    return 0


def _carry_out(start: Start, store: Store, found: RememberedInstall) -> bool:
    """Do what was ``found``; return False, all put back, where it cannot be done like that."""
    target, settings, tell = start.selected.target, start.context.settings, start.context.reporter.emit
    compiles = settings.flag("compile")
    # A process of its own looks at every stored file while this one reads what is to go where.
    looking = check_beside([(store.tree_path(wheel.digest), wheel.file_count) for wheel in found.wheels])
    manifests = _read_manifests(store, found.wheels)
    removals = None if manifests is None else _removals(target, found)
    if manifests is None or removals is None:
        looking.abandon()
        return False
    tell(StageProgress(Stage.INSTALLING, 0, len(found.wheels)))

    def tell_if_intact() -> None:
        try:
            looking.finish()
        except OSError as error:
            raise StoreError("a stored wheel was changed", why=str(error)) from error
        here = display_path(target.scheme.purelib, start.cwd)
        for line in found.before:
            tell(Message(Level.INFO, line.replace(THE_ENVIRONMENT, here), routine=line.startswith(_ROUTINE)))

    mode = choose_link_mode(settings.text("link_mode"), store.root, target.scheme.purelib, store_is_temporary=False)
    jobs = settings.number("jobs") or os.cpu_count() or 1
    environ = start.context.environ
    try:
        apply_changes(
            [
                WheelToInstall(manifest, tree, requested=wheel.requested, direct_url=None)
                for wheel, (tree, manifest) in zip(found.wheels, manifests, strict=True)
            ],
            removals,
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
    tell(StageProgress(Stage.INSTALLING, len(found.wheels), len(found.wheels)))
    return True


def _removals(target: TargetEnvironment, found: RememberedInstall) -> Sequence[Removal] | None:
    """Return what is to be taken away; None where what is installed lies elsewhere than it did."""
    home = target.scheme.purelib
    if not all(os.path.isdir(os.path.join(home, name)) for name in (*found.stays, *found.goes)):
        return None
    if not found.goes:
        return ()
    from asyncpip.commands.removals import removal_by  # noqa: PLC0415 - most installs take nothing away
    from asyncpip.environment.scan import scan  # noqa: PLC0415 - as above
    from asyncpip.install.removal_plan import Directories  # noqa: PLC0415 - as above
    from asyncpip.install.uninstaller import paths_to_remove  # noqa: PLC0415 - as above

    installed = scan([home], virtual_prefix=target.prefix, user_site=None, warn=lambda _: None)
    by_path = {distribution.info_path: distribution for distribution in installed.found}
    directories = Directories()
    try:
        plans = [
            paths_to_remove(by_path[os.path.join(home, name)], target, directories=directories) for name in found.goes
        ]
    except (AsyncpipError, KeyError):
        return None  # the slow path says why
    return None if any(plan.skipped for plan in plans) else [removal_by(plan) for plan in plans]


def _read(store: Store, question: str) -> RememberedInstall | None:
    data = store.read_record(_BUCKET, question)
    fields = (data or b"").decode("utf-8", "surrogateescape").split("\0")
    if len(fields) != _FIELDS or time.time() >= float(fields[0]):
        return None
    wheels, stays, goes, before, after = (field.split("\n") if field else [] for field in fields[1:])
    parts = [line.split(" ") for line in wheels]
    return RememberedInstall(
        fresh_until=float(fields[0]),
        wheels=[RememberedWheel(digest, file_count=int(count), requested=flag == "1") for digest, count, flag in parts],
        stays=stays,
        goes=goes,
        before=before,
        after=after,
    )


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
