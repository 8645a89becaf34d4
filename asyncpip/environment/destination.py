"""Where an installation puts its files: `--user`, `--target`, `--prefix`, `--root`, or the target's own scheme."""

from __future__ import annotations

import enum
import os
from typing import TYPE_CHECKING

from asyncpip.core.target import SchemePaths
from asyncpip.core.values import Value, replace
from asyncpip.environment.probe import BASE
from asyncpip.errors import CommandError, TargetEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.target import SchemeTemplates


class Place(enum.Enum):
    """The kinds of destination; `--root` moves any of them."""

    ENVIRONMENT = "the target's own site-packages"
    USER = "the user site"
    PREFIX = "another prefix"
    DIRECTORY = "a plain directory"


class Destination(Value):
    """Where files go, and what that means for the rest of a run."""

    place: Place
    scheme: SchemePaths
    root: str | None = None
    """Absolute directory that all of ``scheme`` lies below because of `--root`."""
    notice: str | None = None
    """What the user should know about the choice, at pip's level INFO."""
    warning: str | None = None

    @property
    def sees_installed(self) -> bool:
        """Whether what is installed in the target counts: not for a plain directory (it implies `-I`)."""
        return self.place is not Place.DIRECTORY

    @property
    def is_target(self) -> bool:
        """Whether files land where the target itself looks for them."""
        return self.root is None and self.place in (Place.ENVIRONMENT, Place.USER)

    @property
    def warns_about_scripts(self) -> bool:
        """Whether scripts outside `PATH` are worth a warning: pip's rule."""
        return self.place not in (Place.DIRECTORY, Place.PREFIX)


def choose_destination(
    *,
    target: TargetEnvironment,
    templates: SchemeTemplates,
    user: bool | None = None,
    user_is_from_configuration: bool = False,
    target_dir: str | None = None,
    prefix: str | None = None,
    root: str | None = None,
    is_writable: Callable[[str], bool] | None = None,
) -> Destination:
    """Return the destination that the options name; raise `CommandError` or `TargetEnvironmentError` for bad ones.

    ``user`` True is `--user`, False `--no-user`, None neither: then a site-packages that cannot be written to gives way
    to the user site. A `--user` from a configuration file is ignored with a warning where it is not possible. Relative
    directories count from the working directory. ``is_writable`` stands in for the file system.
    """
    _check_combination(user=user is True, target_dir=target_dir, prefix=prefix)
    root = os.path.abspath(root) if root is not None else None
    notice = warning = None
    place, scheme = Place.ENVIRONMENT, target.scheme
    if target_dir is not None:
        place, scheme = Place.DIRECTORY, _plain_directory(os.path.abspath(target_dir), templates.home)
        if os.path.exists(_join_root(root, scheme.purelib)) and not os.path.isdir(_join_root(root, scheme.purelib)):
            raise CommandError("Target path exists but is not a directory, will not continue.")
    elif prefix is not None:
        place, scheme = Place.PREFIX, scheme_below(os.path.abspath(prefix), templates.prefix)
    elif user:
        obstacle = _user_site_obstacle(target)
        if obstacle is None:
            place = Place.USER
        elif user_is_from_configuration and target.is_virtual:
            warning = f"Ignoring `user = true` of the configuration: {obstacle}"
        else:
            raise TargetEnvironmentError(
                f"Can not perform a '--user' install. {obstacle}",
                hint="leave `--user` out, or choose another interpreter with `--python`",
            )
    elif user is None and target.user_site_enabled and target.user_scheme is not None:
        libraries = {_join_root(root, path) for path in (target.scheme.purelib, target.scheme.platlib)}
        if not all(map(is_writable or is_writable_directory, sorted(libraries))):
            place = Place.USER
            notice = "Defaulting to user installation because normal site-packages is not writeable"
    if place is Place.USER and target.user_scheme is not None:
        scheme = target.user_scheme
    return Destination(place=place, scheme=_moved(root, scheme), root=root, notice=notice, warning=warning)


def is_writable_directory(path: str) -> bool:
    """Return whether files can be made in ``path``, or, where it does not exist, in the nearest directory above."""
    while not os.path.isdir(path):
        above = os.path.dirname(path)
        if above == path:
            break
        path = above
    if os.name == "posix":
        return os.access(path, os.W_OK)
    import tempfile  # noqa: PLC0415 - only Windows needs a trial: its access() does not see permissions

    try:
        with tempfile.TemporaryFile(dir=path):
            return True
    except OSError:
        return False


def _check_combination(*, user: bool, target_dir: str | None, prefix: str | None) -> None:
    if user and target_dir is not None:
        raise CommandError("Can not combine '--user' and '--target'")
    if user and prefix is not None:
        raise CommandError(
            "Can not combine '--user' and '--prefix' as they imply different installation locations",
        )
    if target_dir is not None and prefix is not None:
        raise CommandError(
            "Can not combine '--target' and '--prefix' as they imply different installation locations",
        )


def _user_site_obstacle(target: TargetEnvironment) -> str | None:
    """Return why the user site cannot be installed into, in pip's words; None where it can."""
    if target.is_virtual and not target.include_system_site:
        return "User site-packages are not visible in this virtualenv."
    if not target.user_site_enabled or target.user_scheme is None:
        return "User site-packages are disabled for this Python."
    return None


def _plain_directory(directory: str, home: SchemePaths) -> SchemePaths:
    """Return where `--target` leaves things: pip installs by the home scheme, then moves the libraries to the top."""
    return replace(scheme_below(directory, home), purelib=directory, platlib=directory)


def scheme_below(directory: str, template: SchemePaths) -> SchemePaths:
    """Return ``template``, of `SchemeTemplates`, with ``directory`` in its place."""

    def joined(path: str) -> str:
        return os.path.normpath(directory + path.removeprefix(BASE)) if path.startswith(BASE) else path

    return _mapped(template, joined)


def _moved(root: str | None, scheme: SchemePaths) -> SchemePaths:
    return _mapped(scheme, lambda path: _join_root(root, path))


def _join_root(root: str | None, path: str) -> str:
    if root is None:
        return path
    return os.path.join(root, os.path.splitdrive(path)[1].lstrip("/" + os.sep))


def _mapped(scheme: SchemePaths, change: Callable[[str], str]) -> SchemePaths:
    return SchemePaths(
        purelib=change(scheme.purelib),
        platlib=change(scheme.platlib),
        scripts=change(scheme.scripts),
        data=change(scheme.data),
        headers=change(scheme.headers),
    )
