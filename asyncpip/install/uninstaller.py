"""Finds what has to go when a distribution goes: files, directories left empty, lines of `.pth` files.

Reads the disk and removes nothing; `transaction.py` does. The rules are those of pip 26.3: RECORD for what was
installed as a wheel, and what older tools left behind as far as it can be known. Wider than pip: `.pyc` files of all
interpreters go with their source. Narrower: a directory that RECORD names is never taken whole.
"""

from __future__ import annotations

import os

from asyncpip.environment.scan import editable_link_names
from asyncpip.errors import InstallError
from asyncpip.install.record import names_on_disk, recorded_paths
from asyncpip.install.removal_plan import Directories, Found, RemovalPlan, Shared, normalised
from asyncpip.install.scripts import entry_point_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.scan import FoundDistribution

    Installed = InstalledDistribution | FoundDistribution
    """What both of them know of a distribution is all that is needed here."""


_MOVED = "../../"


def paths_to_remove(
    dist: Installed,
    target: TargetEnvironment,
    *,
    only_below: str | None = None,
    directories: Directories | None = None,
) -> RemovalPlan:
    """Return what to remove for ``dist``.

    ``only_below`` is a directory that `--target` filled: nothing outside of it is touched. By default the bound is the
    prefix of a virtual environment, and there is none elsewhere. Raises `InstallError` where the distribution's files
    cannot be known. ``directories`` is for many distributions of which none is removed meanwhile.
    """
    directories = Directories() if directories is None else directories
    location = directories.resolve(dist.location)
    if only_below is None and not dist.is_local:
        return RemovalPlan(
            skipped=f"Not uninstalling {dist.name} at {location}, outside environment {target.prefix}",
        )
    if location == directories.resolve(target.stdlib):
        return RemovalPlan(skipped=f"Not uninstalling {dist.name} at {location}, as it is in the standard library.")
    bound = only_below if only_below is not None else target.prefix if target.is_virtual else None
    found = Found(
        None if bound is None else directories.resolve(bound), _shared(dist, target, directories), directories
    )
    _collect(dist, target, location, found, is_plain_directory=only_below is not None)
    scheme = target.user_scheme if dist.in_user_site and target.user_scheme is not None else target.scheme
    scripts = scheme.scripts if only_below is None else os.path.join(only_below, os.path.basename(scheme.scripts))
    for name in _script_names(dist):
        found.add(os.path.join(scripts, name))
    return found.plan()


def _shared(dist: Installed, target: TargetEnvironment, directories: Directories) -> Shared:
    schemes = [scheme for scheme in (target.scheme, target.user_scheme) if scheme is not None]
    places = [dist.location, target.stdlib, *target.sys_path]
    roots = [target.prefix, target.base_prefix]
    for scheme in schemes:
        places += [scheme.purelib, scheme.platlib, scheme.scripts, scheme.headers]
        roots.append(scheme.data)
    return Shared(places, roots, directories)


def _collect(
    dist: Installed, target: TargetEnvironment, location: str, found: Found, *, is_plain_directory: bool
) -> None:
    """Add what metadata says, by the way in which the distribution was installed (the order of cases is pip's)."""
    info, is_egg_info = dist.info_path, dist.info_path.endswith(".egg-info")
    develop_name = dist.raw_name.replace("-", "_") + ".egg-info"
    if is_egg_info and os.path.isdir(info) and not info.endswith(os.sep + develop_name):
        _collect_flat(dist, found)
    elif is_egg_info and os.path.isfile(info):
        raise InstallError(
            f"Cannot uninstall {dist.raw_name} {dist.version}",
            why="It is a distutils installed project and thus we cannot accurately determine which files belong to it "
            "which would lead to only a partial uninstall.",
        )
    elif dist.location.rstrip("/\\").endswith(".egg"):
        egg = dist.location.rstrip("/\\")
        found.add(egg, whole=True)
        found.add_pth(os.path.join(os.path.dirname(egg), "easy-install.pth"), "./" + os.path.basename(egg))
    elif info.endswith(".dist-info"):
        paths = _recorded_paths(dist)
        found.add_recorded(location, paths)
        if is_plain_directory:
            # pip installs for `--target` into `lib/python` of another place, moves all, and leaves RECORD as it is.
            found.add_recorded(location, [path[len(_MOVED) :] for path in paths if path.startswith(_MOVED)])
    elif (egg_link := _find_egg_link(dist, target)) is not None:
        found.add(egg_link)
        found.add_pth(os.path.join(os.path.dirname(egg_link), "easy-install.pth"), os.path.normcase(dist.location))


def _recorded_paths(dist: Installed) -> list[str]:
    """Return what RECORD lists, as it is written there."""
    text = _read(os.path.join(dist.info_path, "RECORD"))
    if text is None:
        installer = (_read(os.path.join(dist.info_path, "INSTALLER")) or "").strip()
        known = installer not in ("", "pip", "asyncpip")
        raise InstallError(
            f"Cannot uninstall {dist.raw_name} {dist.version}",
            why=f"The package's contents are unknown: no RECORD file was found for {dist.raw_name}.",
            hint=f"The package was installed by {installer}. You should check if it can uninstall the package."
            if known
            else "You might be able to recover from this via: "
            f"asyncpip install --ignore-installed --no-deps {dist.raw_name}=={dist.version}",
        )
    paths = recorded_paths(text)
    return paths if text.isascii() else [name for path in paths for name in names_on_disk(path)]


def _collect_flat(dist: Installed, found: Found) -> None:
    """Add the files of a legacy install with an ``.egg-info`` directory beside its packages."""
    info = dist.info_path
    found.add(info, whole=True)
    listing = _read(os.path.join(info, "installed-files.txt"))
    if listing is not None:
        for line in listing.splitlines():
            if line:
                found.add(os.path.join(info, line))  # relative to the egg-info directory
        return
    namespaces = (_read(os.path.join(info, "namespace_packages.txt")) or "").splitlines()
    for name in (_read(os.path.join(info, "top_level.txt")) or "").splitlines():
        # A line is an importable name; anything else could name a directory that others share.
        if name and name not in namespaces and name not in (".", "..") and not any(sign in name for sign in "/\\"):
            path = os.path.join(dist.location, name)
            found.add(path, whole=True)
            for suffix in (".py", ".pyc", ".pyo"):
                found.add(path + suffix)


def _find_egg_link(dist: Installed, target: TargetEnvironment) -> str | None:
    """Return the ``.egg-link`` of a `setup.py develop` install; raise where it leads to another project."""
    sites = [target.scheme.purelib]
    if target.user_scheme is not None and (not target.is_virtual or target.include_system_site):
        sites.insert(len(sites) if target.is_virtual else 0, target.user_scheme.purelib)
    for site in sites:
        for name in editable_link_names(dist.raw_name):
            path = os.path.join(site, name)
            text = _read(path)
            if text is None:
                continue
            pointer = text.partition("\n")[0].strip()
            if normalised(pointer) != normalised(dist.location):
                raise InstallError(
                    f"Cannot uninstall {dist.raw_name} {dist.version}",
                    why=f"Egg-link {path} (to {pointer}) does not match installed location of {dist.raw_name} "
                    f"(at {dist.location})",
                )
            return path
    return None


def _script_names(dist: Installed) -> Iterator[str]:
    """Yield the names of scripts that metadata promises, with those of their Windows launchers there."""
    scripts = os.path.join(dist.info_path, "scripts")  # distutils' `scripts=`, copied into legacy metadata
    if os.path.isdir(scripts):
        for name in os.listdir(scripts):
            yield name
            if os.name == "nt":
                yield name + ".bat"
    for name, is_gui in entry_point_names(_read(os.path.join(dist.info_path, "entry_points.txt")) or ""):
        yield name
        if os.name == "nt":
            yield from (name + ".exe", name + ".exe.manifest", name + ("-script.pyw" if is_gui else "-script.py"))


def _read(path: str) -> str | None:
    """Return the text of a metadata file; None where there is none."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
