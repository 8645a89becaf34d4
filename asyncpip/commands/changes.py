"""From a plan and stored wheels to a changed environment: what `apply_changes` needs, gathered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.commands.compiling import compiler
from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Level, Message, Stage, StageProgress
from asyncpip.errors import AsyncpipError, InstallError, StoreError
from asyncpip.install.apply import apply_changes
from asyncpip.install.failure import RESTORED
from asyncpip.install.linker import choose_link_mode
from asyncpip.install.placement import Destination, Placed, WheelToInstall, mark_overwritten
from asyncpip.install.stored_bytecode import KeptBytecode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.resolution import Resolved
    from asyncpip.core.target import SchemePaths, TargetEnvironment
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.install.apply import Removal
    from asyncpip.install.manifest import Manifest
    from asyncpip.store.store import Store


def install_wheels(
    decisions: Sequence[Resolved],
    stored: Mapping[NormalizedName, StoredWheel],
    manifests: Mapping[NormalizedName, Manifest | None],
    removals: Mapping[NormalizedName, Sequence[Removal]],
    *,
    target: TargetEnvironment,
    scheme: SchemePaths,
    store: Store,
    reporter: Reporter,
    environ: Mapping[str, str],
    link_mode: str | None,
    jobs: int,
    compile_bytecode: bool,
    keep_finished: bool,
    reads_all: bool,
) -> None:
    """Change the target as one transaction; with ``keep_finished`` as one for each of ``decisions``, in their order.

    ``removals``: what goes when a distribution of that name comes. ``reads_all``: see `KeptBytecode.for_target`.
    """
    wheels: list[WheelToInstall] = []
    for decision in decisions:
        manifest = manifests[decision.name]
        if manifest is None:
            raise StoreError(f"the stored wheel of {decision.name} is damaged")
        for warning in manifest.warnings:
            reporter.emit(Message(Level.WARNING, warning))
        wheels.append(
            WheelToInstall(
                manifest, stored[decision.name].tree, requested=decision.requested, direct_url=_direct_url(decision)
            )
        )
    major_minor = ".".join(target.python_full_version.split(".")[:2])
    where = Destination(
        scheme=scheme,
        executable=target.executable,
        python_version=major_minor,
        cache_tag=target.cache_tag,
        ensurepip_options=environ.get("ENSUREPIP_OPTIONS"),
    )

    mode = choose_link_mode(link_mode, store.root, _existing(scheme.purelib), store_is_temporary=store.is_temporary)

    def warn(text: str) -> None:
        reporter.emit(Message(Level.WARNING, text))

    def apply(first: int, end: int) -> None:
        apply_changes(
            wheels[first:end],
            [removal for decision in decisions[first:end] for removal in removals.get(decision.name, ())],
            where,
            link_mode=mode,
            jobs=jobs,
            compile_sources=compiler(target, reporter, environ, jobs=jobs) if compile_bytecode else None,
            kept_bytecode=KeptBytecode.for_target(store, target, mode, environ, reads_all=reads_all),
            on_overwrite=warn,
        )
        reporter.emit(StageProgress(Stage.INSTALLING, end, len(wheels)))

    reporter.emit(StageProgress(Stage.INSTALLING, 0, len(wheels)))
    try:
        if keep_finished:
            mark_overwritten([Placed(wheel, where) for wheel in wheels], warn)
            _apply_one_by_one(apply, wheels, warn)
        else:
            apply(0, len(wheels))
    except UnicodeEncodeError as error:
        raise InstallError("a file name cannot be written on this system", why=str(error)) from error


def _apply_one_by_one(
    apply: Callable[[int, int], None], wheels: Sequence[WheelToInstall], warn: Callable[[str], None]
) -> None:
    """Call ``apply`` for each of ``wheels``; where one fails, say which stay."""
    finished = 0
    try:
        for finished in range(len(wheels)):
            apply(finished, finished + 1)
    except BaseException as error:
        if finished:
            kept = " ".join(f"{wheel.manifest.project}-{wheel.manifest.version}" for wheel in wheels[:finished])
            warn(f"Installed before that, and kept because of --no-rollback: {kept}")
            if isinstance(error, AsyncpipError) and error.why == RESTORED:
                error.why = "what was not finished is as it was before"
        raise


def _existing(path: str) -> str:
    """Return ``path`` or the nearest directory above it that exists."""
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _direct_url(decision: Resolved) -> bytes | None:
    choice = decision.choice
    if not isinstance(choice, Candidate) or choice.direct_url is None:
        return None
    import json  # noqa: PLC0415 - for direct references only

    return json.dumps(choice.direct_url.to_json(), sort_keys=True).encode()
