"""Finds the credentials for a request: its URL, the index URL, netrc, keyring, a prompt; and remembers them by host.

What is known (the first three) goes with the request at once; keyring and prompt are asked when a server answers 401,
in a worker thread, and for one request of a host at a time. Nothing found for one origin is ever given for another.
"""

from __future__ import annotations

import os
import posixpath
from binascii import b2a_base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from asyncpip.core.events import Level, Message
from asyncpip.core.urls import Credentials, split_credentials
from asyncpip.core.values import Row
from asyncpip.net.trust import Origin, may_share_credentials, origin_of

if TYPE_CHECKING:
    import netrc
    from collections.abc import Callable, Iterable, Mapping

    from asyncpip.core.events import Reporter
    from asyncpip.net.keyring_source import KeyringSource


class _Index(Row):
    url: str
    """Without credentials, with a slash at the end."""
    origin: Origin
    path: str
    credentials: Credentials | None


class _Realm(Row):
    """What an answer of keyring or prompt is remembered for."""

    origin: Origin
    index_url: str | None


class Authenticator:
    """Knows and finds credentials. Every method runs on the event loop; what blocks goes to a thread."""

    def __init__(
        self,
        *,
        index_urls: Iterable[str],
        keyring: KeyringSource,
        environ: Mapping[str, str],
        reporter: Reporter,
        prompt: Callable[[str], Credentials | None] | None = None,
        offer_to_save: Callable[[str], bool] | None = None,
    ) -> None:
        """``prompt`` asks the user for a host's credentials; None where nobody is to be asked. Both may block."""
        self._indexes = [index for url in index_urls if (index := _parse_index(url)) is not None]
        self._any_index = any(index.credentials is not None for index in self._indexes)
        """Whether an index URL holds credentials."""
        self._keyring = keyring
        self._environ = environ
        self._reporter = reporter
        self._prompt = prompt
        self._offer_to_save = offer_to_save
        self._netrc: netrc.netrc | None = None
        self._given: dict[Origin, Credentials] = {}
        self._found: dict[_Realm, Credentials] = {}
        self._exhausted: set[_Realm] = set()
        self._refused: set[_Realm] = set()
        """For these the keyring has nothing."""
        self._unsaved: dict[Origin, Credentials] = {}
        self._locks: dict[Origin, anyio.Lock] = {}

    async def prepare(self) -> None:
        """Read the netrc file; call once, before the first request."""
        self._netrc = await anyio.to_thread.run_sync(_read_netrc, self._environ, self._reporter)

    def known(self, url: str, in_url: Credentials | None) -> Credentials | None:
        """Return what to send along with the first request for ``url``, itself without credentials; None for nothing.

        ``in_url`` is what its user part said. A user name alone, often a token, goes with an empty password.
        """
        if in_url is None and not self._given and not self._found and self._netrc is None and not self._any_index:
            return None  # the usual case, at once
        origin = origin_of(url)
        if in_url is not None:
            self._given[origin] = in_url
            if in_url.password is not None:
                return in_url
        index = self._index_of(url, origin)
        wanted = (index.credentials if index is not None else None) or in_url
        if wanted is not None and wanted.password is not None:
            return wanted
        username = wanted.username if wanted is not None else None
        found = self._remembered(_Realm(origin, index.url if index else None), username)
        if found is not None:
            return found
        entry = self._netrc.authenticators(origin.host) if self._netrc is not None else None
        if entry is not None and any(entry):
            login, account, password = entry
            return Credentials(login or account or "", password or "")
        return Credentials(username, "") if username is not None else self._given_for(origin)

    async def has(self, url: str, in_url: Credentials | None) -> bool:
        """Return whether there are credentials for ``url`` that nobody has to type."""
        origin = origin_of(url)
        async with self._locks.setdefault(origin, anyio.Lock()):
            if self.known(url, in_url) is not None:
                return True
            index = self._index_of(url, origin)
            realm = _Realm(origin, index.url if index is not None else None)
            if realm in self._exhausted or realm in self._refused:
                return False
            found = await self._ask_keyring(realm, None)
            if found is None:
                self._refused.add(realm)
                return False
            self._remember(realm, found)
            return True

    async def find(self, url: str, in_url: Credentials | None, *, refused: Credentials | None) -> Credentials | None:
        """Return other credentials after a 401 to ``refused`` (None: nothing was sent); None where there are none."""
        origin = origin_of(url)
        async with self._locks.setdefault(origin, anyio.Lock()):
            known = self.known(url, in_url)
            if known is not None and known != refused:
                return known  # another request found them while this one waited
            index = self._index_of(url, origin)
            wanted = (index.credentials if index is not None else None) or in_url
            realm = _Realm(origin, index.url if index is not None else None)
            if realm in self._exhausted or (wanted is not None and wanted.password is not None):
                return None
            self._exhausted.add(realm)
            username = wanted.username if wanted is not None else None
            found = None if realm in self._refused else await self._ask_keyring(realm, username)
            if found is None and username is None and self._prompt is not None:
                found = await anyio.to_thread.run_sync(self._prompt, str(origin), abandon_on_cancel=True)
                if found is not None:
                    self._unsaved[origin] = found
            if found is None or found == refused:
                return None
            self._remember(realm, found)
            return found

    async def accept(self, url: str, credentials: Credentials) -> None:
        """Note that a server took ``credentials``: those that the user typed may be saved, if the user agrees."""
        origin = origin_of(url)
        if self._unsaved.get(origin) != credentials:
            return
        del self._unsaved[origin]
        if self._offer_to_save is not None:
            await anyio.to_thread.run_sync(self._save, str(origin), credentials, self._offer_to_save)

    def _save(self, service: str, credentials: Credentials, offer: Callable[[str], bool]) -> None:
        if self._keyring.has_backend() and offer(service):
            self._reporter.emit(Message(Level.INFO, "Saving credentials to keyring"))
            self._keyring.save(service, credentials)

    async def _ask_keyring(self, realm: _Realm, username: str | None) -> Credentials | None:
        """Ask for the index URL, which is more specific, then for the host (pip)."""
        for service in (realm.index_url, str(realm.origin)):
            if service is not None and self._keyring.is_enabled:
                found = await anyio.to_thread.run_sync(self._keyring.get, service, username)
                if found is not None:
                    return found
        return None

    def _remember(self, realm: _Realm, found: Credentials) -> None:
        self._found[realm] = found
        self._found.setdefault(_Realm(realm.origin, None), found)

    def _remembered(self, realm: _Realm, username: str | None) -> Credentials | None:
        """Return what keyring or prompt said for this index, else for this host, if it is for the wanted user."""
        for key in (realm, _Realm(realm.origin, None)):
            found = self._found.get(key)
            if found is not None and username in (None, found.username):
                return found
        return None

    def _given_for(self, origin: Origin) -> Credentials | None:
        """Return what an earlier URL of the same origin held: files beside a find-links page, say."""
        for known, credentials in self._given.items():
            if may_share_credentials(known, origin):
                return credentials._replace(password=credentials.password or "")
        return None

    def _index_of(self, url: str, origin: Origin) -> _Index | None:
        """Return the index URL that shares the longest path with ``url``, of those on its origin."""
        path = urlsplit(url).path.rstrip("/") + "/"
        on_origin = [index for index in self._indexes if may_share_credentials(index.origin, origin)]
        return max(on_origin, key=lambda index: len(posixpath.commonpath((path, index.path))), default=None)


def basic_authorization(credentials: Credentials) -> str:
    """Return the value of an `Authorization` field (RFC 7617), in Latin-1 like requests, else in UTF-8."""
    text = f"{credentials.username}:{credentials.password or ''}"
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode("utf-8")
    return f"Basic {b2a_base64(data, newline=False).decode('ascii')}"


def _parse_index(url: str) -> _Index | None:
    try:
        bare, credentials = split_credentials(url.rstrip("/") + "/")
        origin = origin_of(bare)
    except ValueError:
        return None  # whoever asks for its pages says so
    return _Index(bare, origin, urlsplit(bare).path or "/", credentials)


def _read_netrc(environ: Mapping[str, str], reporter: Reporter) -> netrc.netrc | None:
    """Return the netrc file: the one that NETRC names, else `~/.netrc` or `~/_netrc`; None for none or a broken one."""
    if "NETRC" in environ:
        paths = [os.path.expanduser(environ["NETRC"])]
    else:
        home = environ["HOME"] if os.name != "nt" and environ.get("HOME") else os.path.expanduser("~")
        paths = [os.path.join(home, ".netrc"), os.path.join(home, "_netrc")]
    path = next((path for path in paths if os.path.exists(path)), None)
    if path is None:
        return None
    import netrc  # noqa: PLC0415 - few have such a file

    try:
        return netrc.netrc(path)
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
        # The parser's message may quote a token of the file, which may be a password.
        reporter.emit(Message(Level.VERBOSE, f"{path} is not used: {type(error).__name__}"))
        return None
