"""From an `Inquiry` to `BuildOptions`: how `install`, `wheel`, `download`, `lock` build what they are asked for.

Loads nothing that builds.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asyncpip.commands.install_options import ANY_INTERPRETER
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.events import Level
from asyncpip.pipeline.build_options import BuildOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.environment.target import SchemeTemplates
    from asyncpip.pipeline.scratch import Scratch
    from asyncpip.store.store import Store


@contextmanager
def building(
    inquiry: Inquiry, templates: SchemeTemplates, *, builds_editables: bool = True, verifies_built: bool = True
) -> Iterator[BuildOptions | None]:
    """Give what a `PipelineRequest` needs to build sources, None with `--no-build`; in the end the places are removed.

    What was built and may not be kept lies in these places: wheels are installed or copied before.
    """
    settings = inquiry.settings
    if settings.flag("no_build"):
        yield None
        return
    made: list[Scratch] = []

    def scratch(store: Store) -> Scratch:
        if not made:
            from asyncpip.pipeline.scratch import Scratch  # noqa: PLC0415 - few runs build anything

            made.append(Scratch(store, keep=settings.flag("no_clean")))
        return made[0]

    target = inquiry.running_target
    try:
        yield BuildOptions(
            target=target,
            template=templates.prefix,
            selection=inquiry.selection(target, ANY_INTERPRETER),
            evaluator=MarkerEvaluator(target.markers),
            scratch=scratch,
            constraints=inquiry.input.build_constraints,
            installed=None if settings.flag("build_isolation") else lambda: _installed(inquiry),
            checks_installed=settings.flag("check_build_dependencies"),
            src=os.path.join(inquiry.cwd, settings.text("src") or _usual_src(inquiry)),
            config_settings=_config_settings(inquiry),
            interactive=not settings.flag("no_input"),
            exists_actions=settings.texts("exists_actions"),
            builds_editables=builds_editables,
            verifies_built=verifies_built,
        )
    finally:
        for each in made:
            for place in each.close():
                inquiry.tell(Level.INFO, f"Build directory {place} stays because of --no-clean")


def _usual_src(inquiry: Inquiry) -> str:
    """Return pip's default of `--src`."""
    target = inquiry.running_target
    return os.path.join(target.prefix, "src") if target.is_virtual else "src"


def _installed(inquiry: Inquiry) -> Mapping[NormalizedName, Version | str]:
    from asyncpip.environment.installed import InstalledDistributions  # noqa: PLC0415 - with one rare option only

    target = inquiry.running_target
    return {name: each.version for name, each in InstalledDistributions.scan(target.sys_path, target).items()}


def _config_settings(inquiry: Inquiry) -> Mapping[NormalizedName, tuple[tuple[str, str], ...]]:
    """Return the settings of projects that are named without a source: those of the first requirement that has any."""
    found: dict[NormalizedName, tuple[tuple[str, str], ...]] = {}
    for each in inquiry.input.requirements:
        if each.name is not None and each.direct is None and each.config_settings:
            found.setdefault(each.name, each.config_settings)
    return found
