"""How the sources of one run are built, as the user wants it. Imports nothing that builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.dependency import MarkerEvaluator
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.target import SchemePaths, TargetEnvironment
    from asyncpip.pipeline.scratch import Scratch
    from asyncpip.resolve.selection import Selection
    from asyncpip.store.store import Store


class BuildOptions(Value):
    """What all builds of a run have in common."""

    target: TargetEnvironment
    """The interpreter that hooks run in."""
    template: SchemePaths
    """Its scheme for `--prefix`, with `environment.probe.BASE` in it."""
    selection: Selection
    """Which files may be taken for build requirements: those for ``target``."""
    evaluator: MarkerEvaluator
    """Of ``target``."""
    scratch: Callable[[Store], Scratch]
    """Gives the places to build in, which outlive the run of the pipeline."""
    constraints: tuple[UserRequirement, ...] = ()
    """`--build-constraint`."""
    installed: Callable[[], Mapping[NormalizedName, Version | str]] | None = None
    """For `--no-build-isolation`: what is installed in ``target``; None with isolation."""
    checks_installed: bool = False
    """`--check-build-dependencies`."""
    src: str = "src"
    """Where version control is checked out for editables (`--src`)."""
    config_settings: Mapping[NormalizedName, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """For projects that the user named: what `-C` gives their backends."""
    interactive: bool = True
    """Whether version control may ask for passwords."""
    exists_actions: tuple[str, ...] = ()
    """`--exists-action`, for a checkout in ``src`` that is of something else."""
    builds_editables: bool = True
    """False where an editable requirement is built as a regular wheel (`wheel`)."""
    verifies_built: bool = True
    """Whether name and version of a built wheel have to be those of its metadata (`--no-verify`)."""

    def key_of(self, identity: str, subdirectory: str | None, config_settings: tuple[tuple[str, str], ...]) -> str:
        """Return what a built wheel is remembered by: its source, and all that we know to shape the result."""
        return "\0".join(
            (
                identity,
                subdirectory or "",
                self.target.implementation,
                self.target.python_full_version.rpartition(".")[0],
                self.target.tags[0] if self.target.tags else "",
                "isolated" if self.installed is None else "shared",
                *(f"{key}={value}" for key, value in config_settings),
                "",
                *sorted(constraint.text for constraint in self.constraints),
            )
        )
