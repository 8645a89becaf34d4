"""Archives into a directory: what `download` and `wheel` have in common. Loads the pipeline."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from asyncpip.commands import download_output as output
from asyncpip.commands.build_request import building
from asyncpip.commands.inquiry import target_of
from asyncpip.commands.install_output import collecting_lines
from asyncpip.commands.resolution_request import (
    explaining_failure,
    place_lines,
    places_of,
    resolve_request,
    store_or_temporary,
    with_cache_or_without,
)
from asyncpip.commands.target_matrix import label_of
from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.direct_url import DirectoryInfo
from asyncpip.core.events import Level
from asyncpip.core.urls import without_fragment
from asyncpip.core.values import replace
from asyncpip.errors import CommandError, DownloadError
from asyncpip.install.linker import CLONE, HARDLINK, MOVE, place_file
from asyncpip.install.plan import yanked_warning
from asyncpip.install.transaction import PREFIX
from asyncpip.pipeline.download_plan import DownloadRequest, TargetRequest, run_downloads
from asyncpip.store.store import process_umask, remove_quietly, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.inquiry import Inquiry
    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.target import SchemeTemplates
    from asyncpip.fetch.archives import StoredArchive
    from asyncpip.pipeline.download_plan import Downloaded
    from asyncpip.store.store import Store


class ArchiveTarget:
    """One target of the run."""

    def __init__(self, inquiry: Inquiry, choice: TargetChoice, *, label: str) -> None:
        self.choice = choice
        self.label = label
        """Empty where there is one target only."""
        self.environment: TargetEnvironment = target_of(inquiry.running_target, choice)

    def request(self, inquiry: Inquiry) -> TargetRequest:
        """Return the question to the resolver; what is installed has no part in it."""
        chosen = inquiry.selection(self.environment, self.choice)
        if inquiry.settings.flag("no_deps"):
            chosen = replace(chosen, allow_sdists=True)  # nothing has to be built to know what it needs
        question = replace(
            resolve_request(inquiry, chosen),
            evaluator=MarkerEvaluator(self.environment.markers),
            needs_metadata=is_local,
        )
        if self.choice != inquiry.choice and _depends_on_target(inquiry):
            given = inquiry.read_input(self.environment, self.choice)
            question = replace(question, requirements=given.requirements, constraints=given.constraints)
        return TargetRequest(label=self.label, resolve=question)


def targets_of(inquiry: Inquiry, choices: Sequence[TargetChoice]) -> list[ArchiveTarget]:
    """Return the targets that ``choices`` describe."""
    return [ArchiveTarget(inquiry, choice, label=label_of(choice) if len(choices) > 1 else "") for choice in choices]


def is_local(candidate: Candidate) -> bool:
    """Return whether a candidate's metadata is at hand, so that looking whether it agrees costs next to nothing."""
    return candidate.file.is_wheel and candidate.file.url.startswith("file:")


class ArchiveDirectory:
    """The directory that archives end in. A file in it is complete or not there."""

    def __init__(self, path: str, *, moves: bool, exists_actions: Sequence[str] = ()) -> None:
        """``moves``: the store is this run's own, and needs nothing afterwards.

        ``exists_actions`` say what becomes of a file that stands where a zipped checkout is to go, and is another one:
        the first of `i`, `w`, `b`, `a` (ignore, wipe, back up, abort); nobody is asked, wiping is the rule.
        """
        self.path = path
        self._exists_action = next((action for action in exists_actions if action in "iwba"), "w")
        self._mode = MOVE if moves else HARDLINK
        self._file_mode = 0o666 & ~process_umask()

    def prepare(self) -> None:
        """Make the directory; remove what killed runs left in it."""
        try:
            os.makedirs(self.path, exist_ok=True)
            names = os.listdir(self.path)
        except OSError as error:
            raise CommandError(f"could not make the directory {self.path}", why=str(error)) from error
        for name in names:
            if name.startswith(PREFIX) and not _is_alive(name):
                remove_tree(os.path.join(self.path, name))
                remove_quietly(os.path.join(self.path, name))

    def place(self, candidate: Candidate, stored: StoredArchive) -> bool:
        """Put an archive where it belongs, and tell whether it was not there. Blocks; may be called in any thread."""
        if stored.is_in_place:
            return False
        name = name_of(candidate, stored)
        if stored.made_of_source is not None and not stored.is_built and not self._may_replace(name):
            return False
        aside = os.path.join(self.path, f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}")
        try:
            self._put(stored, aside)
            try:
                os.replace(aside, os.path.join(self.path, name))
            finally:
                remove_quietly(aside)  # renaming one link of a file to another of the same leaves both
        except OSError as error:
            raise DownloadError(f"could not write {os.path.join(self.path, name)}", why=str(error)) from error
        return True

    def _put(self, stored: StoredArchive, aside: str) -> None:
        """Put an archive at ``aside``, with the permissions of any new file; a file of the user's own keeps its own.

        Permissions travel through hard links, and the store holds what runs with other umasks have fetched.
        """
        found = os.stat(stored.path).st_mode & 0o777
        wanted = found if stored.is_local else self._file_mode
        mode = CLONE if stored.is_local or (self._mode == HARDLINK and found != wanted) else self._mode
        place_file(stored.path, aside, mode=mode)
        if mode != HARDLINK:
            with contextlib.suppress(PermissionError):  # some file systems have none
                os.chmod(aside, wanted)

    def _may_replace(self, name: str) -> bool:
        """Return whether a zipped checkout may go where another one stands, which may be renamed before."""
        path = os.path.join(self.path, name)
        if not os.path.exists(path) or self._exists_action == "w":
            return True
        if self._exists_action == "a":
            raise CommandError(f"The file {path} exists", hint="give another action with `--exists-action`")
        if self._exists_action == "i":
            return False
        number = 1
        while os.path.exists(backup := f"{path}.bak{number if number > 1 else ''}"):
            number += 1
        os.rename(path, backup)
        return True


def name_of(candidate: Candidate, stored: StoredArchive) -> str:
    """Return what the file is called in the directory."""
    return stored.made_of_source or candidate.file.filename


def fetch_archives(
    inquiry: Inquiry,
    templates: SchemeTemplates,
    store: Store | None,
    targets: Sequence[ArchiveTarget],
    directory: str,
    *,
    left_out: frozenset[NormalizedName],
    wants_wheels: bool = False,
    verifies_built: bool = True,
) -> Downloaded:
    """Resolve for all targets, and bring the archives into the directory, unless this is a dry run."""
    fetches = not inquiry.settings.flag("dry_run")
    index = inquiry.index_options()
    for line in place_lines(index):
        inquiry.tell(Level.INFO, line)
    actions = inquiry.settings.texts("exists_actions")

    def fetch(store: Store | None) -> Downloaded:
        place = ArchiveDirectory(directory, moves=store is None, exists_actions=actions)
        if fetches:
            place.prepare()
        with (
            store_or_temporary(store, directory if fetches else None) as kept,
            building(inquiry, templates, builds_editables=not wants_wheels, verifies_built=verifies_built) as builds,
            explaining_failure(inquiry, offline=index.offline),
        ):
            request = DownloadRequest(
                targets=tuple(target.request(inquiry) for target in targets),
                places=places_of(inquiry, index),
                limits=inquiry.limits,
                environ=inquiry.context.environ,
                directory=directory if fetches else None,
                wanted=lambda resolution: wanted_of(resolution, left_out, wants_wheels=wants_wheels),
                place=place.place,
                prefetches=not left_out,
                builds=builds,
                wants_wheels=wants_wheels,
            )
            return run_downloads(request, kept, inquiry.reporter)

    return with_cache_or_without(store, inquiry.reporter, fetch)


def distinct_files(decisions: Iterable[Resolved]) -> list[Resolved]:
    """Return the decisions about files, each file once."""
    found: dict[str, Resolved] = {}
    for decision in decisions:
        if isinstance(decision.choice, Candidate):
            found.setdefault(decision.choice.file.url, decision)
    return list(found.values())


def wanted_of(
    resolution: Resolution, left_out: frozenset[NormalizedName], *, wants_wheels: bool = False
) -> list[Resolved]:
    """Return the decisions whose archives are wanted; a directory has none, but a wheel can be built of it."""
    return [
        each
        for each in resolution.decisions
        if each.name not in left_out and (wants_wheels or not _is_directory(each.choice))
    ]


def in_order(inquiry: Inquiry, decisions: Iterable[Resolved]) -> list[Resolved]:
    """Return what was named first, in the order in which it was named, and then the rest."""
    places: dict[str, int] = {}
    for number, each in enumerate(inquiry.input.requirements):
        if each.name is not None:
            places.setdefault(each.name, number)
        elif each.direct is not None:
            places.setdefault(without_fragment(each.direct.url), number)
    last = len(inquiry.input.requirements)

    def place(decision: Resolved) -> int:
        choice = decision.choice
        url = without_fragment(choice.file.url) if isinstance(choice, Candidate) else ""
        return min(places.get(decision.name, last), places.get(url, last))

    return sorted(decisions, key=place)


def tell_archives(inquiry: Inquiry, decisions: Iterable[Resolved], done: Downloaded, directory: str) -> None:
    """Tell of each archive where it came from, and then which files are new (pip's lines).

    Of projects that `--only-deps` leaves out it is told that they were collected.
    """
    saved = []
    for decision in decisions:
        candidate = decision.choice
        if not isinstance(candidate, Candidate):
            continue
        if candidate.file.is_yanked:
            inquiry.warn(yanked_warning(candidate))
        stored = done.archives.get(candidate.file.url)
        path = os.path.join(directory, name_of(candidate, stored) if stored is not None else "")
        lines = collecting_lines(decision, None if stored is None or stored.is_in_place else stored, inquiry.cwd)
        if stored is None:
            pass
        elif stored.is_in_place:
            lines.append(output.already_line(path))
        elif candidate.file.url in done.placed and not (stored.is_built and not stored.from_store):
            saved.append(output.saved_line(path, inquiry.cwd))
        for line in lines:
            inquiry.tell(Level.INFO, line, routine=True)
    for line in saved:
        inquiry.tell(Level.INFO, line, routine=True)


def only_deps_names(inquiry: Inquiry) -> frozenset[NormalizedName]:
    """Return the projects that `--only-deps` leaves out."""
    if not inquiry.settings.flag("only_deps"):
        return frozenset()
    return frozenset(each.name for each in inquiry.input.requirements if each.name is not None)


def _is_directory(choice: object) -> bool:
    return (
        isinstance(choice, Candidate)
        and choice.direct_url is not None
        and isinstance(choice.direct_url.info, DirectoryInfo)
    )


def _depends_on_target(inquiry: Inquiry) -> bool:
    """Return whether what is asked for was read for one target: lock files and scripts are."""
    return bool(inquiry.input.locked_files or inquiry.settings.texts("requirements_from_scripts"))


def _is_alive(name: str) -> bool:
    """Return whether the process that made a temporary file or directory may still need it."""
    pid = name[len(PREFIX) :].partition("-")[0]
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
