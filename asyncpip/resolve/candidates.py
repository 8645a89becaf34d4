"""The files of one project as candidates, in order of preference, and the reason for each file left out.

Order (pip's): a digest that is asked for, not yanked, with `--prefer-binary` wheels, version, wheel tag, build number;
where all that is equal an index beats a find-links place, the last index named beats the others. Nothing is looked at
before somebody asks: a page lists thousands of files, and a resolution wants the newest version that fits.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate, Reason, Rejected
from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.values import Row
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import IndexAccessError
from asyncpip.resolve.selection import IndexStrategy
from asyncpip.resolve.version_order import NO_BOUNDS, bounds_of, order_key, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.page import PageFile, ProjectPage
    from asyncpip.resolve.selection import Selection
    from asyncpip.resolve.version_order import Bounds, OrderKey, ReleaseKey


_USUAL_PARTS = 5
"""Of a wheel's file name without a build tag."""


def is_pinned(specifier: SpecifierSet) -> bool:
    """Return whether a clause names one version: ``===``, or ``==`` without a wildcard."""
    return any(
        clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*"))
        for clause in specifier
    )


class _Place(Row):
    """Where a file that is accepted stands among the files of its version."""

    tag_rank: int
    """An sdist's is past all wheels'."""
    build_tag: tuple[int, str] | tuple[()]


class _Choice(Row):
    """An accepted file and its place among the files of its version; the greatest is the best."""

    order: tuple[int, tuple[int, str] | tuple[()], bool, int, int]
    """Negated tag rank, build tag, whether an index listed it, place of its page, place on its page."""
    candidate: Candidate


class _Release:
    """The files of one version: those accepted, best first, and those left out; judged when somebody asks."""

    __slots__ = ("accepted", "below", "places", "rejected", "release", "version")

    def __init__(self, version: Version, release: ReleaseKey) -> None:
        self.version = version
        self.release = release
        self.below = 0
        """How many entries are older."""
        self.places: list[tuple[int, str]] = []
        """Page and the version's text there; more than one where pages or spellings differ."""
        self.accepted: list[Candidate] | None = None
        """None until judged."""
        self.rejected: list[Rejected] = []


class CandidateList:
    """The candidates of one project on all its pages. Each candidate is one object, however often it is asked for."""

    def __init__(
        self,
        name: NormalizedName,
        pages: Sequence[ProjectPage],
        selection: Selection,
        hashes: AllowedHashes = NO_HASHES,
        *,
        lowest_first: bool = False,
    ) -> None:
        """``lowest_first`` turns the order of versions round (`--resolution`); nothing else changes places."""
        self.name = name
        self._selection = selection
        self._hashes = hashes
        self._lowest_first = lowest_first
        self._pages = list(pages)
        if selection.index_strategy is IndexStrategy.FIRST_INDEX:
            first = next((page for page in pages if not page.is_find_links and page.versions), None)
            self._pages = [page for page in pages if page.is_find_links or page is first]
        self._entries: list[tuple[OrderKey, int, str]] = []
        """Version, page and text there, oldest first once sorted."""
        self._bad_texts: list[tuple[int, str]] = []
        for place, page in enumerate(self._pages):
            for text in page.versions:
                key = order_key(text)
                if key is None:
                    self._bad_texts.append((place, text))
                else:
                    self._entries.append((key, place, text))
        self._entries.sort(key=itemgetter(0))
        self._releases: dict[int, _Release] = {}
        """As far as anybody has looked, by the number of entries up to their last one."""
        self._wheels_allowed, self._sdists_allowed = selection.formats.allows(name)

    @property
    def is_empty(self) -> bool:
        """Whether no page lists a version that follows PEP 440."""
        return not self._entries

    def candidates_matching(self, specifier: SpecifierSet) -> Iterator[Candidate]:
        """Yield the best candidate of each version that ``specifier`` allows, in order of preference.

        Pre-releases count where `ReleaseControl` or the specifier says so, else only where no final release fits.
        Yanked files count only where the specifier names one version and everything that fits is yanked (PEP 592).
        """
        if self._hashes or is_pinned(specifier):
            yield from self._choose_among_all(specifier)
        elif self._selection.prefer_binary and self._wheels_allowed and self._sdists_allowed:
            # Wheels of any version come first, so every version that fits is looked at anyhow.
            candidates = [
                candidate
                for release in self._releases_matching(specifier)
                for candidate in self._judged(release)
                if not candidate.file.is_yanked
            ]
            candidates.sort(key=lambda candidate: not candidate.file.is_wheel)
            yield from _first_of_each_version(candidates)
        else:
            for release in self._releases_matching(specifier):
                for candidate in self._judged(release):
                    if not candidate.file.is_yanked:
                        yield candidate
                        break

    def _choose_among_all(self, specifier: SpecifierSet) -> Iterator[Candidate]:
        """Yield candidates where digests or yanked files decide, which needs all that fit at once."""
        candidates = [
            candidate for release in self._releases_matching(specifier) for candidate in self._judged(release)
        ]
        hashes = self._hashes
        if hashes and any(candidate.file.hashes and hashes.allows(candidate.file.hashes) for candidate in candidates):
            # Without any match nothing is dropped: the best is fetched to show the digest that it has (as in pip).
            candidates = [
                candidate
                for candidate in candidates
                if not candidate.file.hashes or hashes.allows(candidate.file.hashes)
            ]
        if not (is_pinned(specifier) and all(candidate.file.is_yanked for candidate in candidates)):
            candidates = [candidate for candidate in candidates if not candidate.file.is_yanked]
        prefer_wheels = self._selection.prefer_binary
        candidates.sort(
            key=lambda candidate: (
                bool(hashes) and not (candidate.file.hashes and hashes.allows(candidate.file.hashes)),
                prefer_wheels and not candidate.file.is_wheel,
            )
        )
        yield from _first_of_each_version(candidates)

    def _releases_matching(self, specifier: SpecifierSet) -> Iterable[_Release]:
        """Return releases that have an accepted file and that ``specifier`` allows, in order of preference."""
        newest_first = self._releases_allowed(specifier)
        return reversed(list(newest_first)) if self._lowest_first else newest_first

    def _releases_allowed(self, specifier: SpecifierSet) -> Iterator[_Release]:
        """Yield releases that have an accepted file and that ``specifier`` allows, newest first."""
        allowed = self._selection.releases.allows_pre_releases(self.name)
        if allowed is None:
            allowed = specifier.prereleases or None
        waiting: list[_Release] = []
        found_final = False
        for release in self._newest_first(bounds_of(specifier)):
            version = release.version
            if version.is_prerelease and (allowed is False or (allowed is None and found_final)):
                continue
            if not specifier.contains(version, prereleases=True):
                continue
            if version.is_prerelease and allowed is None:
                waiting.append(release)
                continue
            if self._judged(release):
                found_final = True
                yield release
        if not found_final:
            yield from (release for release in waiting if self._judged(release))

    def _newest_first(self, bounds: Bounds = NO_BOUNDS) -> Iterator[_Release]:
        """Yield versions, newest first; all that are within ``bounds``."""
        entries, (lowest, highest) = self._entries, bounds
        at = len(entries) if highest is None else bisect_right(entries, highest, key=_release_of)
        while at:
            release = self._releases.get(at) or self._take(at)
            if lowest is not None and release.release < lowest:
                return
            yield release
            at = release.below

    def _take(self, at: int) -> _Release:
        """Return the version to which the last of the first ``at`` entries belongs."""
        entries = self._entries
        key, _, text = entries[at - 1]
        version = parse_version(text)
        if version is None:
            raise AssertionError(f"sorted, but no version: {text!r}")
        release = self._releases[at] = _Release(version, key[:2])
        while at and entries[at - 1][0] == key:
            at -= 1
            release.places.append(entries[at][1:])
        release.below = at
        return release

    def _judged(self, release: _Release) -> list[Candidate]:
        """Return the candidates of a version, best first; looks at each file once."""
        if release.accepted is None:
            choices: list[_Choice] = []
            written = str(release.version)
            for place, text in release.places:
                page = self._pages[place]
                for number, file in enumerate(page.files(text)):
                    judged = self._judge(file, written, page)
                    if isinstance(judged, Rejected):
                        release.rejected.append(judged)
                        continue
                    order = (-judged.tag_rank, judged.build_tag, not page.is_find_links, place, number)
                    candidate = Candidate(
                        name=self.name,
                        version=release.version,
                        file=file,
                        tag_rank=judged.tag_rank if file.is_wheel else None,
                        page_url=page.url,
                    )
                    choices.append(_Choice(order, candidate))
            choices.sort(key=itemgetter(0), reverse=True)
            release.accepted = [choice.candidate for choice in choices]
        return release.accepted

    def _judge(self, file: PageFile, version: str, page: ProjectPage) -> _Place | Rejected:
        """Return the place of a file among those of its version, or why it is no candidate.

        The checks stand in pip's order, which shows in the reasons, but for a Python that is not supported.
        """
        judged = self._judge_wheel(file) if file.is_wheel else _Place(len(self._selection.tags), ())
        if isinstance(judged, _Place):
            judged = self._reason_against(file, page) or judged
        if isinstance(judged, _Place):
            return judged
        reason, detail = judged
        if reason in (Reason.NO_MATCHING_TAG, Reason.SDIST_EXCLUDED) and not self._selection.allows_python(
            file.requires_python
        ):
            # A wheel for another Python fails by its tags first. What helps there is another Python.
            reason, detail = Reason.REQUIRES_PYTHON, f"Requires-Python {file.requires_python}"
        return Rejected(file.filename, version, reason, detail)

    def _judge_wheel(self, file: PageFile) -> _Place | tuple[Reason, str]:
        """Return the place of a wheel, or the reason against it."""
        if not self._wheels_allowed:
            return Reason.WHEEL_EXCLUDED, ""
        parts = file.filename[:-4].split("-")
        build_tag: tuple[int, str] | tuple[()] = ()
        if len(parts) != _USUAL_PARTS or not (parts[0] and parts[1]):
            wheel = parse_wheel_name(file.filename)
            if wheel is None:
                return Reason.NOT_A_DISTRIBUTION, ""
            build_tag = wheel.build_tag()
        tags = parts[-3], parts[-2], parts[-1]
        rank = self._selection.rank_of(tags)
        return (Reason.NO_MATCHING_TAG, "-".join(tags)) if rank is None else _Place(rank, build_tag)

    def _reason_against(self, file: PageFile, page: ProjectPage) -> tuple[Reason, str] | None:
        """Return what speaks against a file whatever its tags are, or None."""
        selection = self._selection
        if selection.uploaded_prior_to is not None and not file.url.startswith("file:"):
            if file.upload_time is None:
                # Silence would let files of any age through, so this ends the run (as in pip).
                raise IndexAccessError(
                    f"Index {page.url} does not provide upload-time metadata.",
                    why="--uploaded-prior-to needs the moment at which each file was uploaded (PEP 700)",
                )
            if parse_upload_time(file.upload_time) >= selection.uploaded_prior_to:
                return Reason.UPLOADED_TOO_LATE, file.upload_time
        if not file.is_wheel and not self._sdists_allowed:
            return Reason.SDIST_EXCLUDED, ""
        if not file.is_wheel and not selection.allow_sdists:
            return Reason.SDIST_UNSUPPORTED, ""
        if not selection.allows_python(file.requires_python):
            return Reason.REQUIRES_PYTHON, f"Requires-Python {file.requires_python}"
        return None

    def rejected(self, specifier: SpecifierSet | None = None) -> list[Rejected]:
        """Return every file that is no candidate for ``specifier``, newest version first; looks at all files.

        Without a specifier: every file that can be a candidate for none, yanked ones included.
        """
        chosen = None if specifier is None else {id(each) for each in self.candidates_matching(specifier)}
        found: list[Rejected] = []
        for release in self._newest_first():
            version, written = release.version, str(release.version)
            accepted = self._judged(release)
            if specifier is not None and not specifier.contains(version, prereleases=True):
                names = [each.filename for each in release.rejected] + [each.file.filename for each in accepted]
                found.extend(Rejected(name, written, Reason.SPECIFIER) for name in names)
                continue
            found.extend(release.rejected)
            for candidate in accepted:
                file = candidate.file
                if file.is_yanked and (chosen is None or id(candidate) not in chosen):
                    message = file.yanked if isinstance(file.yanked, str) else ""
                    found.append(Rejected(file.filename, written, Reason.YANKED, message))
                elif chosen is not None and version.is_prerelease and id(candidate) not in chosen:
                    found.append(Rejected(file.filename, written, Reason.PRE_RELEASE))
        for place, text in self._bad_texts:
            files = self._pages[place].files(text)
            found.extend(Rejected(file.filename, text, Reason.BAD_VERSION) for file in files)
        return found

    @property
    def has_usable(self) -> bool:
        """Whether a file is accepted that is not yanked."""
        return any(
            not candidate.file.is_yanked for release in self._newest_first() for candidate in self._judged(release)
        )

    def listed_versions(self) -> tuple[list[Version], list[Version]]:
        """Return versions with a file that is accepted, and those with one that is yanked, oldest first, for errors."""
        usable, yanked = [], []
        for release in reversed(list(self._newest_first())):
            version, accepted = release.version, self._judged(release)
            if any(not candidate.file.is_yanked for candidate in accepted):
                usable.append(version)
            if any(candidate.file.is_yanked for candidate in accepted):
                yanked.append(version)
        return usable, yanked


def _release_of(entry: tuple[OrderKey, int, str]) -> ReleaseKey:
    return entry[0][:2]


def _first_of_each_version(candidates: list[Candidate]) -> Iterator[Candidate]:
    seen: set[Version] = set()
    for candidate in candidates:
        if candidate.version not in seen:
            seen.add(candidate.version)
            yield candidate


def parse_upload_time(text: str) -> dt.datetime:
    """Return the RFC 3339 moment ``text``; one without a zone is UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise IndexAccessError(f"the index gives an upload time that is none: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
