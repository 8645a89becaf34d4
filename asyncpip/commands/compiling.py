"""Byte-compiling for a target, as `apply_changes` asks for it, and told of. Lean."""

from __future__ import annotations

from asyncpip.core.events import Stage, StageProgress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.core.events import Reporter
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.install.apply import Compile


def compiler(target: TargetEnvironment, reporter: Reporter, environ: Mapping[str, str], *, jobs: int) -> Compile:
    """Return what compiles sources with up to ``jobs`` processes of ``target``'s interpreter."""

    def compile_sources(paths: list[str]) -> list[str]:
        from asyncpip.install.bytecode import compile_files  # noqa: PLC0415 - mostly the store has what it would make

        reporter.emit(StageProgress(Stage.COMPILING, 0, len(paths)))
        result = compile_files(target.executable, paths, jobs=jobs, source_date_epoch="SOURCE_DATE_EPOCH" in environ)
        reporter.emit(StageProgress(Stage.COMPILING, len(result.made), len(paths)))
        return list(result.made)

    return compile_sources
