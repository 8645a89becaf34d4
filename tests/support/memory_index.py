"""An index in memory: a `MetadataSource` made of small dicts, and what tests of the resolver build with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.direct_url import ArchiveInfo, DirectUrl
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.events import Event, Message
from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.metadata import CoreMetadata
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.requirement import DirectKind, DirectReference, Origin, UserRequirement
from asyncpip.core.urls import filename_of
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.resolve.resolver import ResolveRequest, resolve
from asyncpip.resolve.selection import Selection
from benchmarks.resolution_check import Declared, check_answer

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from asyncpip.core.resolution import Resolution, Resolved

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "#1",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}
TAGS = ("cp311-cp311-manylinux_2_17_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "py3-none-any")
SELECTION = Selection(tags=TAGS, python_full_version="3.11.7")

Index = Mapping[str, Mapping[str, Sequence[str]]]
"""Project, version, the lines of Requires-Dist."""


@dataclass
class MemoryPage:
    """A project page as a dict; remembers the versions whose files somebody asked for."""

    by_version: dict[str, list[PageFile]]
    url: str = "https://index.example/simple/p/"
    is_find_links: bool = False
    is_private: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def versions(self) -> Sequence[str]:
        return list(self.by_version)

    def files(self, version: str) -> Sequence[PageFile]:
        self.asked.append(version)
        return self.by_version[version]


def wheel(name: str, version: str, tag: str = "py3-none-any", **fields: object) -> PageFile:
    """Return a page's entry for a wheel."""
    filename = f"{name.replace('-', '_')}-{version}-{tag}.whl"
    given = {"filename": filename, "url": f"https://index.example/files/{filename}"} | fields
    return PageFile(**given)  # type: ignore[arg-type] # fields are the struct's own


def sdist(name: str, version: str, **fields: object) -> PageFile:
    """Return a page's entry for an sdist."""
    filename = f"{name.replace('-', '_')}-{version}.tar.gz"
    given = {"filename": filename, "url": f"https://index.example/files/{filename}"} | fields
    return PageFile(**given)  # type: ignore[arg-type] # fields are the struct's own


class MemoryIndex:
    """Answers the solver out of dicts and writes down what it was asked and told."""

    def __init__(self, index: Index, *, page_url: str = "https://index.example/simple/") -> None:
        self._index = {normalize_name(name): dict(versions) for name, versions in index.items()}
        self._page_url = page_url
        self.pages: dict[NormalizedName, list[MemoryPage]] = {}
        """Replaces the page made from the index."""
        self.metadata: dict[tuple[str, str], CoreMetadata] = {}
        """Replaces the metadata made from the index."""
        self.direct: dict[str, CoreMetadata] = {}
        """By URL."""
        self.fetched_pages: list[str] = []
        self.fetched_metadata: list[str] = []
        self.expected_direct: list[str] = []
        self.expected_projects: list[str] = []
        self.expected_metadata: list[tuple[str, ...]] = []
        self.archives: set[str] = set()

    def fetch_pages(self, name: NormalizedName) -> Sequence[MemoryPage]:
        self.fetched_pages.append(name)
        if name in self.pages:
            return self.pages[name]
        versions = self._index.get(name)
        if versions is None:
            return []
        return [MemoryPage({text: [wheel(name, text)] for text in versions}, url=f"{self._page_url}{name}/")]

    def fetch_metadata(self, candidate: Candidate) -> CoreMetadata:
        version = str(candidate.version)
        self.fetched_metadata.append(f"{candidate.name}-{version}")
        given = self.metadata.get((candidate.name, version))
        if given is not None:
            return given
        lines = next(lines for text, lines in self._index[candidate.name].items() if Version(text) == candidate.version)
        return metadata(candidate.name, version, lines)

    def declared(self, name: str, version: str) -> Declared | None:
        """Return what a version says of itself, for `check_answer`."""
        found = self.metadata.get((normalize_name(name), version))
        lines = next(
            (lines for text, lines in self._index.get(normalize_name(name), {}).items() if text == version), None
        )
        if found is not None:
            return Declared(found.requires_dist, found.requires_python)
        return None if lines is None else Declared(tuple(lines))

    def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        assert requirement.direct is not None
        url = requirement.direct.url
        found = self.direct[url]
        name = normalize_name(found.name)
        file = PageFile(filename=filename_of(url), url=url)
        candidate = Candidate(
            name=name,
            version=Version(found.version),
            file=file,
            tag_rank=0 if parse_wheel_name(file.filename) else None,
            page_url=None,
            direct_url=DirectUrl(url=url, info=ArchiveInfo()),
        )
        return candidate, found

    def expect_direct(self, requirements: Sequence[UserRequirement]) -> None:
        self.expected_direct.extend(each.text for each in requirements)

    def expect_projects(self, names: Sequence[NormalizedName]) -> None:
        self.expected_projects.extend(names)

    def arrived_projects(self) -> Sequence[NormalizedName]:
        return ()

    def expect_metadata(self, candidates: Sequence[Candidate]) -> None:
        self.expected_metadata.append(tuple(f"{each.name}-{each.version}" for each in candidates))

    def while_waiting(self, look: Callable[[], None]) -> None:
        """Nothing here waits."""

    def guess_archive(self, candidate: Candidate) -> None:
        """Nothing arrives before it is asked for, so nothing is guessed."""

    def expect_archive(self, candidate: Candidate) -> None:
        assert f"{candidate.name}-{candidate.version}" not in self.archives
        self.archives.add(f"{candidate.name}-{candidate.version}")

    def retract_archive(self, candidate: Candidate) -> None:
        self.archives.remove(f"{candidate.name}-{candidate.version}")


def metadata(name: str, version: str, lines: Sequence[str] = (), *, requires_python: str | None = None) -> CoreMetadata:
    """Return metadata with ``lines`` as Requires-Dist; the extras that they name are provided."""
    extras = []
    for line in lines:
        try:
            marker = Requirement(line).marker
        except ValueError:
            continue
        text = str(marker)
        if "extra ==" in text:
            extras.append(text.partition('extra == "')[2].partition('"')[0])
    return CoreMetadata(name, version, requires_python, tuple(lines), tuple(dict.fromkeys(extras)))


def user(
    text: str,
    *,
    hashes: AllowedHashes = NO_HASHES,
    origin: Origin | None = None,
    marker: str | None = None,
    direct: DirectKind | None = None,
) -> UserRequirement:
    """Return what the user asked for, out of a PEP 508 text."""
    parsed = Requirement(text)
    reference = None
    if parsed.url is not None:
        reference = DirectReference(url=parsed.url, kind=direct or DirectKind.WHEEL)
    return UserRequirement(
        text=text,
        name=normalize_name(parsed.name),
        extras=frozenset(normalize_name(extra) for extra in parsed.extras),
        specifier=SpecifierSet(str(parsed.specifier)),
        marker=Marker(marker) if marker else parsed.marker,
        direct=reference,
        hashes=hashes,
        origin=origin or Origin(),
    )


def installed(*distributions: tuple[str, str, Sequence[str]]) -> dict[NormalizedName, InstalledDistribution]:
    """Return installed distributions out of name, version and the lines of Requires-Dist."""
    found = {}
    for raw_name, version, lines in distributions:
        name = normalize_name(raw_name)
        declared = metadata(name, version, lines)
        found[name] = InstalledDistribution(
            name=name,
            raw_name=raw_name,
            version=Version(version),
            location="/env/site-packages",
            info_path=f"/env/site-packages/{raw_name}-{version}.dist-info",
            requires_dist=declared.requires_dist,
            requires_python=None,
            provides_extra=declared.provides_extra,
        )
    return found


class Collected:
    """A reporter that keeps messages."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def emit(self, event: Event) -> None:
        if isinstance(event, Message):
            self.texts.append(event.text)


def ask(index: MemoryIndex, *requirements: str | UserRequirement, **fields: object) -> Resolution:
    """Resolve ``requirements`` against ``index``; ``fields`` are those of the request."""
    given = {"selection": SELECTION, "evaluator": MarkerEvaluator(MARKERS)} | fields
    wanted = tuple(user(each) if isinstance(each, str) else each for each in requirements)
    request = ResolveRequest(requirements=wanted, **given)  # type: ignore[arg-type] # fields are the request's own
    resolution = resolve(request, index, Collected())
    if not (request.overrides or request.no_deps or request.installed or request.selection.ignore_requires_python):
        check(resolution, request, index)
    return resolution


def check(resolution: Resolution, request: ResolveRequest, index: MemoryIndex) -> None:
    """Assert that an answer meets every requirement that it reaches, as `packaging` alone sees it."""
    named = [each for each in request.requirements if each.direct is None]
    pins: dict[str, str] = {
        each.name: str(each.choice.version) for each in resolution.decisions if not _is_direct(each)
    }
    if len(pins) < len(resolution.decisions) or len(named) < len(request.requirements):
        return  # the checker knows no direct references
    checked = check_answer(
        [str(Requirement(each.text)) if each.marker is None else _with_marker(each) for each in named],
        pins,
        index.declared,
        constraints=[each.text for each in request.constraints if each.direct is None],
        markers=request.evaluator.markers,
        python_full_version=request.selection.python_full_version,
    )
    assert checked.problems == []


def _is_direct(decision: Resolved) -> bool:
    return isinstance(decision.choice, Candidate) and decision.choice.direct_url is not None


def _with_marker(requirement: UserRequirement) -> str:
    return f"{requirement.text.partition(';')[0]}; {requirement.marker}"


def versions(resolution: Resolution) -> dict[str, str]:
    """Return what was decided, by name."""
    return {each.name: str(each.choice.version) for each in resolution.decisions}
