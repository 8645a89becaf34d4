"""One GET from the URL asked for to the answer that counts: credentials, retries and redirects over single requests.

Redirects are followed by hand, so that credentials never travel from one origin to another. What sends the single
requests comes in as a function; nothing here knows the HTTP library.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

import anyio

from asyncpip.core.events import Level, Message
from asyncpip.core.urls import redact, split_credentials, without_fragment
from asyncpip.core.values import Row
from asyncpip.net.auth import basic_authorization
from asyncpip.net.proxies import select_proxy
from asyncpip.net.retry import RETRIED_STATUSES, RETRY_AFTER_STATUSES, RetrySchedule, parse_retry_after
from asyncpip.net.transport import FailureKind, Response, TransportError
from asyncpip.net.trust import is_trusted_origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from asyncpip.core.events import Reporter
    from asyncpip.core.urls import Credentials
    from asyncpip.net.auth import Authenticator
    from asyncpip.net.proxies import Proxy
    from asyncpip.net.transport import TransportOptions
    from asyncpip.net.trust import Origin

MAX_REDIRECTS = 30
"""requests' bound."""
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_CLIENT_ERROR = 400
_UNAUTHORIZED = 401


class Answer(Response, Protocol):
    """A response that holds a connection until its body is read or it is let go."""

    has_used_credentials: bool
    """Set by whoever sent them along."""

    async def finish(self) -> None:
        """Let go of the rest of the body, keeping the connection for the next request if that costs little."""

    def discard(self) -> None:
        """Let go of the rest of the body at once."""


class Sender(Protocol):
    """Sends single requests, each once."""

    async def send(self, url: str, headers: Mapping[str, str], proxy: Proxy | None) -> Answer:
        """Send a GET for ``url``, which holds no credentials; raise `SendFailure`."""

    async def aclose(self) -> None:
        """Close all connections."""


class SendFailure(Exception):  # noqa: N818 - never shown: it carries the error that may be
    """A single request got no answer. ``may_pass`` says whether the same request may succeed a moment later."""

    def __init__(self, error: TransportError, *, may_pass: bool) -> None:
        super().__init__(error.what)
        self.error = error
        self.may_pass = may_pass


class _PassingFailure(Row):
    """What may be better at the next attempt: an answer with a status of that kind, or an error."""

    reason: str
    answer: Answer | None = None
    error: TransportError | None = None
    asked_seconds: float | None = None
    """What the server said about when to come back."""

    def give_up(self) -> Answer:
        """Return the answer as it is, or raise the error."""
        if self.answer is None:
            raise self.error or RuntimeError("neither answer nor error")
        return self.answer


class Exchange:
    """Gets answers. ``send`` sends one request once: URL without credentials, headers, proxy."""

    def __init__(
        self,
        send: Callable[[str, Mapping[str, str], Proxy | None], Awaitable[Answer]],
        authenticator: Authenticator,
        options: TransportOptions,
        reporter: Reporter,
        environ: Mapping[str, str],
    ) -> None:
        self._send = send
        self._authenticator = authenticator
        self._options = options
        self._reporter = reporter
        self._environ = environ
        self._schedule = RetrySchedule(retries=options.retries)
        self._warned: set[str] = set()
        self._proxies: dict[Origin, Proxy | None] = {}

    async def open(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer behind all redirects; raise `TransportError`."""
        target, in_url = _checked(url)
        has_used_credentials = False
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._authorized(target, in_url, headers)
            answer.has_used_credentials = has_used_credentials = has_used_credentials or answer.has_used_credentials
            location = answer.headers.get("location")
            if answer.status not in _REDIRECT_STATUSES or location is None:
                return answer
            await answer.finish()
            target, in_url = self._redirected(target, location)
        raise TransportError(FailureKind.REDIRECT, url, f"more than {MAX_REDIRECTS} redirects")

    async def has_credentials(self, url: str) -> bool:
        """See `net.transport.Transport`."""
        return await self._authenticator.has(*_checked(url))

    def _redirected(self, url: str, location: str) -> tuple[str, Credentials | None]:
        """Return where ``location`` leads, and the credentials in it, if we go there."""
        try:
            target = urljoin(url, location)
            scheme = origin_of(target).scheme
        except ValueError as error:
            raise TransportError(FailureKind.REDIRECT, url, f"to {location!r}: {error}") from error
        if scheme not in ("http", "https"):
            raise TransportError(FailureKind.REDIRECT, url, f"to {target}, which is not http(s)")
        # requests goes on in the clear here; an index that we reach by TLS shall not lose it on the way.
        is_downgrade = scheme == "http" and origin_of(url).scheme == "https"
        if is_downgrade and not is_trusted_origin(target, self._options.trusted_hosts):
            hint = f"`--trusted-host {origin_of(target)}` allows it"
            raise TransportError(FailureKind.REDIRECT, url, f"from https to {target}", hint=hint)
        return _checked(target)

    async def _authorized(self, url: str, in_url: Credentials | None, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a request with what credentials are known, or are found after a 401."""
        credentials = self._authenticator.known(url, in_url)
        answer = await self._retried(url, headers, credentials)
        answer.has_used_credentials = credentials is not None
        if answer.status != _UNAUTHORIZED:
            return answer
        await answer.finish()  # a person may take minutes to type, and the connection is wanted
        found = await self._authenticator.find(url, in_url, refused=credentials)
        if found is not None:
            answer = await self._retried(url, headers, found)
            answer.has_used_credentials = True
        if answer.status == _UNAUTHORIZED:
            if found is not None or credentials is not None:
                self._warn_once(f"401 Error, Credentials not correct for {redact(url)}")
        elif found is not None and answer.status < _CLIENT_ERROR:
            await self._authenticator.accept(url, found)
        return answer

    async def _retried(self, url: str, headers: Mapping[str, str], credentials: Credentials | None) -> Answer:
        """Return the first answer that is not a passing failure, or the last one that is."""
        proxy = self._proxy_of(url)
        if credentials is not None:
            headers = {**headers, "Authorization": basic_authorization(credentials)}
        failures = 0
        while True:
            outcome = await self._attempt(url, headers, proxy)
            if not isinstance(outcome, _PassingFailure):
                return outcome
            failures += 1
            delay_seconds = self._schedule.delay_seconds(
                failures,
                jitter=os.urandom(1)[0] / 256,  # `random` takes 5 ms to import
                asked_seconds=outcome.asked_seconds,
            )
            if delay_seconds is None:
                return outcome.give_up()
            if outcome.answer is not None:
                await outcome.answer.finish()
            retry = f"({failures} of {self._options.retries})"
            self._warn_once(f"Retrying requests to {origin_of(url)} {retry} after: {outcome.reason}")
            self._reporter.emit(Message(Level.DEBUG, f"GET {redact(url)} again {retry} in {delay_seconds:.2f} s"))
            await anyio.sleep(delay_seconds)

    def _proxy_of(self, url: str) -> Proxy | None:
        origin = origin_of(url)
        if origin not in self._proxies:
            self._proxies[origin] = select_proxy(
                url, option=self._options.proxy, environ=self._environ, use_environment=self._options.use_proxy_env
            )
        return self._proxies[origin]

    async def _attempt(self, url: str, headers: Mapping[str, str], proxy: Proxy | None) -> Answer | _PassingFailure:
        """Return what one request led to; raise `TransportError` where another would lead to the same."""
        try:
            answer = await self._send(url, headers, proxy)
        except SendFailure as failure:
            if not failure.may_pass:
                raise failure.error from failure.__cause__
            return _PassingFailure(failure.error.why or "", error=failure.error)
        self._reporter.emit(Message(Level.DEBUG, f"GET {redact(url)}: {answer.status}"))
        if answer.status not in RETRIED_STATUSES:
            return answer
        asked_seconds = None
        if answer.status in RETRY_AFTER_STATUSES:
            asked_seconds = parse_retry_after(answer.headers.get("retry-after"), now_seconds=time.time())
        return _PassingFailure(f"status {answer.status}", answer=answer, asked_seconds=asked_seconds)

    def _warn_once(self, text: str) -> None:
        """Warn, but of one thing once: requests to one host fail together."""
        if text not in self._warned:
            self._warned.add(text)
            self._reporter.emit(Message(Level.WARNING, text))


def _checked(url: str) -> tuple[str, Credentials | None]:
    """Return ``url`` without credentials and fragment, and these credentials; raise `TransportError` if unusable."""
    try:
        target, in_url = split_credentials(without_fragment(url))
        origin = origin_of(target)
    except ValueError as error:
        raise TransportError(FailureKind.PROTOCOL, url, f"not a valid URL ({error})") from error
    if origin.scheme not in ("http", "https") or not origin.host:
        raise TransportError(FailureKind.PROTOCOL, url, "not an http(s) URL")
    return target, in_url
