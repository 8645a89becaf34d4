"""What becomes of a request that gets no answer, in our words; for every sender the same."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from asyncpip.net.exchange import SendFailure
from asyncpip.net.transport import FailureKind, TransportError
from asyncpip.net.trust import origin_of

if TYPE_CHECKING:
    from asyncpip.net.proxies import Proxy

NOTHING_MORE_CAME = "nothing more of the answer came, or next to nothing"


def timed_out(url: str) -> SendFailure:
    """Return the failure for a connection or an answer's head that did not come in time."""
    hint = "`--timeout` allows more time"
    return SendFailure(TransportError(FailureKind.TIMEOUT, url, str(origin_of(url)), hint=hint), may_pass=True)


def not_a_url(url: str) -> SendFailure:
    """Return the failure for an address that nothing can be sent to."""
    return SendFailure(TransportError(FailureKind.PROTOCOL, url, "not a valid URL"), may_pass=False)


def not_http(url: str, detail: str) -> SendFailure:
    """Return the failure for an answer that cannot be read."""
    return SendFailure(TransportError(FailureKind.PROTOCOL, url, " ".join(detail.split())), may_pass=True)


def cut_off(url: str, error: BaseException) -> SendFailure:
    """Return the failure for a connection that ended before the answer."""
    return SendFailure(TransportError(FailureKind.CUT, url, one_line(error)), may_pass=True)


def bad_certificate(url: str, reason: BaseException) -> SendFailure:
    """Return the failure for a certificate that cannot be verified, which a moment later will be no better."""
    detail = getattr(reason, "verify_message", None) or one_line(reason)
    hint = "`--cert` names the certificates to trust; `--trusted-host` skips the check for one host"
    return SendFailure(TransportError(FailureKind.TLS, url, detail, hint=hint), may_pass=False)


def tls_failed(url: str, reason: BaseException) -> SendFailure:
    """Return the failure for a TLS handshake that ended for another reason."""
    return SendFailure(TransportError(FailureKind.TLS, url, one_line(reason)), may_pass=True)


def name_unknown(url: str, reason: BaseException) -> SendFailure:
    """Return the failure for a host name without an address."""
    detail = f"{origin_of(url).host}: {one_line(reason)}"
    return SendFailure(TransportError(FailureKind.NAME, url, detail), may_pass=True)


def not_connected(
    url: str, reason: BaseException, *, bind_address: str | None, proxy: Proxy | None = None
) -> SendFailure:
    """Return the failure for a connection that was refused, or not possible from here."""
    if bind_address is not None and getattr(reason, "errno", None) == errno.EADDRNOTAVAIL:
        detail, hint = (
            f"this machine has no address {bind_address}",
            "`--bind-address` takes an address of this machine",
        )
        return SendFailure(TransportError(FailureKind.CONNECT, url, detail, hint=hint), may_pass=False)
    if proxy is not None:
        detail = f"{proxy.url}: {one_line(reason)}"
        hint = "the proxy comes from `--proxy` or from the variables HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
        return SendFailure(TransportError(FailureKind.PROXY, url, detail, hint=hint), may_pass=True)
    return SendFailure(TransportError(FailureKind.CONNECT, url, one_line(reason)), may_pass=True)


def too_long(url: str, limit_bytes: int) -> TransportError:
    """Return the error for a body over the limit."""
    return TransportError(FailureKind.PROTOCOL, url, f"longer than the {limit_bytes} bytes that are accepted")


def one_line(error: BaseException) -> str:
    """Return what an error says, without its number and its line breaks."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
