"""Which proxy a URL is reached through: the option, the environment variables and NO_PROXY, as requests reads them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asyncpip.core.urls import Credentials, redact, split_credentials
from asyncpip.core.values import Row
from asyncpip.errors import EXIT_ERROR, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUFFIX = "_proxy"


class Proxy(Row):
    """An HTTP proxy: its URL without credentials, and these."""

    url: str
    credentials: Credentials | None


def select_proxy(url: str, *, option: str | None, environ: Mapping[str, str], use_environment: bool) -> Proxy | None:
    """Return the proxy for ``url``, or None to connect directly; raise `ConfigurationError` for one we cannot use.

    ``option`` is `--proxy`: given, it serves every URL and the environment is not looked at; empty means no proxy.
    """
    if option is not None:
        return parse_proxy(option, source="--proxy") if option else None
    if not use_environment:
        return None
    proxies = _environment_proxies(environ)
    scheme = urlsplit(url).scheme.lower()
    name = scheme if scheme in proxies else "all"
    if name not in proxies or _is_exempt(url, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return parse_proxy(proxies[name], source=f"{name.upper()}_PROXY")


def parse_proxy(text: str, *, source: str) -> Proxy:
    """Return the proxy named by ``text``, `http://` where it has no scheme; ``source`` tells where it was set."""
    url = text if "://" in text else f"http://{text.removeprefix('//')}"
    try:
        bare, credentials = split_credentials(url)
        parts = urlsplit(bare)
        host, _ = parts.hostname, parts.port  # reading the port checks it
    except ValueError as error:
        raise _unusable(source, url, str(error)) from error
    if parts.scheme.startswith("socks"):
        raise _unusable(source, url, "SOCKS proxies are not supported", hint="give the URL of an HTTP proxy")
    if parts.scheme not in ("http", "https"):
        raise _unusable(source, url, f"`{parts.scheme}` is no scheme of an HTTP proxy")
    if not host:
        raise _unusable(source, url, "it names no host")
    return Proxy(f"{parts.scheme}://{parts.netloc}", credentials)


def _unusable(source: str, url: str, why: str, *, hint: str | None = None) -> ConfigurationError:
    what = f"the proxy {redact(url)} set by {source} cannot be used"
    return ConfigurationError(what, why=redact(why), hint=hint, exit_code=EXIT_ERROR)


def _environment_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return proxies by scheme. A variable in lower case wins, even if empty (`urllib.request`)."""
    proxies = {
        name[: -len(_SUFFIX)].lower(): value
        for name, value in environ.items()
        if value and len(name) > len(_SUFFIX) and name.lower().endswith(_SUFFIX)
    }
    if "REQUEST_METHOD" in environ:
        proxies.pop("http", None)  # in a CGI process HTTP_PROXY is the client's `Proxy:` header (CVE-2016-1000110)
    for name, value in environ.items():
        if name.islower() and len(name) > len(_SUFFIX) and name.endswith(_SUFFIX):
            if value:
                proxies[name[: -len(_SUFFIX)]] = value
            else:
                proxies.pop(name[: -len(_SUFFIX)], None)
    proxies.pop("no", None)
    return proxies


def _is_exempt(url: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY names the host of ``url``: `*` alone, host or domain with or without port, CIDR block."""
    if no_proxy.strip() == "*":
        return True
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    with_port = f"{host}:{parts.port}" if parts.port else host
    entries = [entry.strip("[]") for entry in no_proxy.lower().replace(" ", "").split(",") if entry]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        suffixes = [entry.lstrip(".") for entry in entries]
        return any(
            name == suffix or name.endswith(f".{suffix}") for suffix in suffixes if suffix for name in (host, with_port)
        )
    return any(entry in (host, with_port) or _in_block(address, entry) for entry in entries)


def _in_block(address: ipaddress.IPv4Address | ipaddress.IPv6Address, entry: str) -> bool:
    if "/" not in entry:
        return False
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
