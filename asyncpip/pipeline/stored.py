"""What a run needs of archives, whichever way it keeps them (`keeping.py`), and how it makes what may not be needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import BinaryIO

    from anyio import CapacityLimiter as Limiter

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.names import Digest
    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.sdists import CheckedSdist
    from asyncpip.pipeline.built_wheels import BuiltWheel
    from asyncpip.pipeline.limits import Limits
    from asyncpip.store.store import Store

    Build = Callable[[], Awaitable[BuiltWheel]]
    CheckOut = Callable[[], Awaitable[tuple[str, bytes, str | None]]]
    """Gives a source tree, its METADATA, and the name that its requirement gives."""
    Used = TypeVar("Used")
    UseSource = Callable[[BinaryIO, CheckedSdist], Used]
    MakeKeeping = Callable[[Store, Downloader, Reporter, Limits], "Keeping[Stored]"]

Made = TypeVar("Made")


class Late(Generic[Made]):
    """Something that is made when it is asked for first."""

    __slots__ = ("_make", "made")

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self.made: Made | None = None
        """None as long as nobody has asked."""

    def get(self) -> Made:
        """Return it."""
        if self.made is None:
            self.made = self._make()
        return self.made


class OnDisk(Protocol):
    """An archive on this machine, in whichever form."""

    @property
    def digest(self) -> Digest:
        """SHA-256 of the archive."""

    @property
    def from_store(self) -> bool:
        """Whether it was there before this run."""

    @property
    def metadata_sha256(self) -> str | None:
        """Of the wheel's METADATA, in hexadecimal, where that is known."""


Stored = TypeVar("Stored", bound=OnDisk)


class Keeping(Protocol[Stored]):
    """Brings archives to where the run wants them. Made inside the event loop."""

    async def fetch(
        self, file: PageFile, required: AllowedHashes, *, reuse: bool = True, will_compare: bool = False
    ) -> Stored:
        """Return the archive of ``file``, checked; ``reuse`` False fetches it even where it is here.

        ``will_compare``: the digest of its METADATA will be looked at.
        """

    async def keep(self, file: PageFile, archive: bytes, required: AllowedHashes) -> Stored:
        """Keep an archive that came whole while only its metadata was wanted."""

    async def from_source(
        self, candidate: Candidate, required: AllowedHashes, build: Build, check_out: CheckOut
    ) -> Stored:
        """Return what is wanted of a source: what ``build`` makes of it, the archive as it is, or a checkout zipped."""

    async def use_source(self, file: PageFile, required: AllowedHashes, use: UseSource[Used], jobs: Limiter) -> Used:
        """Return what ``use``, called in one of ``jobs`` workers with the open archive, makes of a source."""

    def read_metadata(self, stored: Stored, *, strictly: bool = True) -> bytes:
        """Return the METADATA of a wheel; raise `StoreError` where what is stored is damaged. Blocks.

        ``strictly`` False: whether all else of the wheel is as it should be matters to others.
        """

    def drop(self, stored: Stored) -> None:
        """Take what is damaged out of the store. Blocks."""

    def cancel(self) -> None:
        """Make workers give up."""

    def close(self) -> None:
        """End workers."""
