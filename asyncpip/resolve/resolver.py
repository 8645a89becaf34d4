"""Runs the search and turns its outcome into a `Resolution` or an error.

The search goes on in the caller's thread. It starts again, with everything it has read and learnt still at hand, when
a project keeps losing against one that was decided before it (`precedence.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Level, Message
from asyncpip.core.resolution import Resolution, Resolved
from asyncpip.core.values import Value, field
from asyncpip.resolve.answer import Answer
from asyncpip.resolve.demands import gather_demands
from asyncpip.resolve.gate import Gate
from asyncpip.resolve.install_order import order_by_dependency
from asyncpip.resolve.origins import confused_names
from asyncpip.resolve.pins import PinTable
from asyncpip.resolve.provider import Provider
from asyncpip.resolve.search import Search, SearchFailed
from asyncpip.resolve.selection import UpgradeStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.dependency import MarkerEvaluator
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.events import Reporter
    from asyncpip.core.ports import MetadataSource
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.nogoods import Conflict, Rejection
    from asyncpip.resolve.selection import Selection
    from asyncpip.resolve.wants import Pin, Wanted

_LOSSES_WORTH_TELLING = 8


class ResolutionCancelled(Exception):  # noqa: N818 - to be cancelled is no error
    """The caller's ``cancelled`` said so."""


class _Restart(Exception):  # noqa: N818 - a turn of the search, no error
    """A project has to be decided earlier than it was."""


def _never() -> bool:
    return False


def _always(_candidate: Candidate) -> bool:
    return True


class ResolveRequest(Value):
    """One question to the resolver."""

    requirements: tuple[UserRequirement, ...]
    constraints: tuple[UserRequirement, ...] = ()
    overrides: tuple[UserRequirement, ...] = ()
    selection: Selection
    evaluator: MarkerEvaluator
    """For the markers of the target."""
    installed: Mapping[NormalizedName, InstalledDistribution] = field(default_factory=dict)
    upgrade: UpgradeStrategy = UpgradeStrategy.TO_SATISFY_ONLY
    no_deps: bool = False
    ignore_installed: bool = False
    force_reinstall: bool = False
    """Versions are taken afresh from the indexes."""
    require_hashes: bool = False
    """Hash-checking mode, however it was switched on."""
    needs_metadata: Callable[[Candidate], bool] = _always
    """With ``no_deps``: whether a candidate's metadata has to agree with what its page says."""
    cancelled: Callable[[], bool] = _never
    """Asked in every round."""


def resolve(request: ResolveRequest, source: MetadataSource, report: Reporter) -> Resolution:
    """Return one decision for each project that the requirements need; blocks where ``source`` does.

    Raises `NoMatchingDistributionError`, `ResolutionImpossibleError`, `HashMismatchError` in hash-checking mode,
    `ResolutionCancelled`, and what ``source`` raises.
    """
    demands = gather_demands(request.requirements, request.constraints, request.overrides, request.evaluator)
    for ignored in demands.ignored:
        text = f"Ignoring {ignored.name}: markers '{ignored.marker}' don't match your environment"
        report.emit(Message(Level.INFO, text))
    if request.require_hashes:
        from asyncpip.resolve.hash_mode import check_sources_have_hashes  # noqa: PLC0415 - an import costs 0.5 ms

        check_sources_have_hashes(demands)
    requested: set[NormalizedName] = set()
    gate = Gate(source)
    pins = PinTable(
        demands,
        gate,
        selection=request.selection,
        installed={} if request.ignore_installed else request.installed,
        upgrade=request.upgrade,
        requested=requested,
        force_reinstall=request.force_reinstall,
    )
    provider = Provider(
        demands,
        pins,
        gate,
        report,
        selection=request.selection,
        evaluator=request.evaluator,
        requested=requested,
        no_deps=request.no_deps,
    )
    roots = provider.roots()
    watcher = _Watcher(provider, source, report, request.cancelled)
    try:
        if request.no_deps:
            from asyncpip.resolve.flat import pick  # noqa: PLC0415 - as above

            answer = pick(roots, provider, watcher, source, needs_metadata=request.needs_metadata)
        else:
            answer = _search_with_restarts(roots, provider, watcher)
    except SearchFailed as error:
        watcher.retract_all()
        from asyncpip.resolve.failure import explained  # noqa: PLC0415 - as above, with four more

        raise explained(error.conflict, roots, provider, gate, request) from None
    watcher.settle(answer.pins)
    resolution = Resolution(
        decisions=_decisions(answer, provider), rounds=watcher.rounds, backtracks=watcher.backtracks
    )
    if request.require_hashes:
        from asyncpip.resolve.hash_mode import check_decisions_have_hashes  # noqa: PLC0415 - as above

        check_decisions_have_hashes(resolution, demands)
    strategy = request.selection.index_strategy
    for text in confused_names(resolution, source.fetch_pages, strategy=strategy, hashed=demands.hashes):
        report.emit(Message(Level.WARNING, text))
    return resolution


def _search_with_restarts(roots: list[Wanted], provider: Provider, watcher: _Watcher) -> Answer:
    """Run the search until it ends without asking to start again."""
    search = Search(provider, watcher)
    while True:
        watcher.starting()
        try:
            return Answer(roots, search.run(roots), provider)
        except _Restart:
            continue


class _Watcher:
    """Follows the search: learns from conflicts, counts, has archives fetched for what is pinned."""

    def __init__(
        self, provider: Provider, source: MetadataSource, report: Reporter, cancelled: Callable[[], bool]
    ) -> None:
        self.rounds = 0
        self.backtracks = 0
        self._provider = provider
        self._source = source
        self._report = report
        self._cancelled = cancelled
        self._losses: Counter[tuple[str, frozenset[str]]] = Counter()
        """Versions that failed since something was pinned, by loser and winners."""
        self._dead_ends: Counter[tuple[str, frozenset[str]]] = Counter()
        """Versions that ended in a dead end, likewise; not forgotten when something is pinned."""
        self._failures: Counter[str] = Counter()
        self._expected: dict[NormalizedName, Candidate] = {}
        """Archives that the source was told about."""

    def starting(self) -> None:
        """Forget what belongs to an earlier attempt."""
        self._losses.clear()
        self._dead_ends.clear()

    def starting_round(self) -> None:
        """Count; end the search where the caller has lost interest."""
        self.rounds += 1
        if self._cancelled():
            raise ResolutionCancelled

    def pinned(self, pin: Pin, pins: Mapping[str, Pin], *, replaces: bool) -> None:
        """Have the archive fetched, instead of that of another version of the project."""
        self._losses.clear()
        if replaces:
            self.settle(pins)
        if pin.base is not None:
            return
        choice = pin.choice
        before = self._expected.get(pin.name)
        if before is choice:
            return
        if before is not None:
            del self._expected[pin.name]
            self._source.retract_archive(before)
        self._tell(f"pinned {pin.key} {pin.version}")
        if isinstance(choice, Candidate):
            self._expected[pin.name] = choice
            self._source.expect_archive(choice)

    def rejected(self, rejection: Rejection, movable: Sequence[Pin]) -> None:
        """Count who loses against whom; start again where a loser has to be decided before the winners."""
        pin = rejection.pin
        against = sorted({each.requirement.text for each in rejection.against})
        self._tell(
            f"{pin.key} {pin.version} does not fit: "
            + ", ".join(sorted({each.text for each in rejection.wanted}))
            + (" against " + ", ".join(against) if against else "")
        )
        self._failures[pin.name] += 1
        if self._failures[pin.name] == _LOSSES_WORTH_TELLING:
            text = f"looking at multiple versions of {pin.name}: many do not fit the other requirements"
            self._report.emit(Message(Level.INFO, text))
        self._count(self._losses, pin, movable)

    def leapt(self, reason: Rejection, count: int) -> None:
        """Tell."""
        self._tell(f"passed over {count} versions of {reason.pin.key}: those before and behind them fail alike")

    def went_back(self, conflict: Conflict, latest: Pin, pins: Mapping[str, Pin]) -> None:
        """Count; give up archives of what was unpinned."""
        self.backtracks += 1
        wanting = [
            f"{each.requirement.text} ({f'{each.parent.key} {each.parent.version}' if each.parent else 'the user'})"
            for each in conflict.information
        ]
        failing = (
            f"; {conflict.rejections[0].pin.key} {conflict.rejections[0].pin.version} does not fit"
            if (conflict.rejections)
            else ""
        )
        self._tell(
            f"no version of {conflict.key} is left for {', '.join(sorted(wanting))}{failing}: "
            f"back to before {latest.key} {latest.version}"
        )
        self.settle(pins)
        self._count(self._dead_ends, latest, [pin for pin in conflict.pins if pin is not latest])

    def _count(self, losses: Counter[tuple[str, frozenset[str]]], loser: Pin, winners: Sequence[Pin]) -> None:
        movable = frozenset(
            pin.name for pin in winners if pin.name != loser.name and not self._provider.is_fixed(pin.name)
        )
        if not movable:
            return
        losses[loser.name, movable] += 1
        precedence = self._provider.precedence
        if losses[loser.name, movable] >= precedence.patience(loser.name, movable):
            losses.clear()
            if precedence.put_first(loser.name, movable):
                self._tell(f"starting again: {loser.name} before {', '.join(sorted(movable))}")
                raise _Restart

    def settle(self, mapping: Mapping[str, Pin]) -> None:
        """Retract every archive that is not pinned in ``mapping``."""
        for name, candidate in list(self._expected.items()):
            pin = mapping.get(name)
            if pin is None or pin.choice is not candidate:
                del self._expected[name]
                self._source.retract_archive(candidate)

    def retract_all(self) -> None:
        """Retract every archive."""
        self.settle({})

    def _tell(self, text: str) -> None:
        self._report.emit(Message(Level.VERBOSE, text))


def _decisions(answer: Answer, provider: Provider) -> tuple[Resolved, ...]:
    """Return the pins of projects, each with the pins of its extras merged in, in the order of installation."""
    dependencies: dict[NormalizedName, set[NormalizedName]] = {}
    for key, pin in answer.pins.items():
        names = {answer.pins[child].name for child in answer.children[key]}
        dependencies.setdefault(pin.name, set()).update(names - {pin.name})
    decisions = []
    for key in order_by_dependency(answer.children, answer.roots):
        pin = answer.pins[key]
        if pin.base is not None:
            continue
        decisions.append(
            Resolved(
                name=pin.name,
                choice=pin.choice,
                requested=pin.name in provider.requested,
                requested_extras=provider.requested_extras.get(pin.name, frozenset()),
                dependencies=tuple(sorted(dependencies[pin.name])),
                wanted_by=_path_to(key, answer),
                requirement_text=answer.first_wanted(key)[0].text,
                metadata_name=pin.metadata.name if pin.metadata is not None else "",
            )
        )
    return tuple(decisions)


def _path_to(key: str, answer: Answer) -> str:
    """Return pip's "(from …)" text: the requirements through which ``key`` was wanted, the nearest first."""
    parts: list[str] = []
    seen: set[str] = set()
    while key not in seen:
        seen.add(key)
        requirement, parent = answer.first_wanted(key)
        if parent is None:
            origin = str(requirement.user.origin) if requirement.user is not None else ""
            return "->".join([*parts, origin] if origin else parts)
        key = parent.key
        parts.append(answer.first_wanted(key)[0].text)
    return "->".join(parts)
