"""URLs as text: credentials hidden or split off, paths and `file:` URLs, fragments. No network."""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qs, quote, unquote, urljoin, urlsplit, urlunsplit

from asyncpip.core.values import Row

# Compiled when they are needed first, which is in few runs.
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_CREDENTIALS = r"(?<=://)[^/?#@\s]*@"
_VARIABLES = r"\$\{[A-Za-z0-9_-]+\}(:\$\{[A-Za-z0-9_-]+\})?"
VCS_SCHEMES = ("git", "hg", "svn", "bzr")


class Credentials(Row):
    """User and password for one host; ``password`` None where only a user (or token) was given."""

    username: str
    password: str | None


def redact(text: str) -> str:
    """Return ``text`` with the password of every URL in it as ``****``; a lone user name, often a token, too."""
    if "@" not in text:
        return text

    def hide(match: re.Match[str]) -> str:
        user, colon, _ = match.group(0)[:-1].partition(":")
        return f"{user}:****@" if colon else "****@"

    return re.sub(_CREDENTIALS, hide, text)


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """Return ``url`` without its user part, and that user part decoded."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    userinfo, _, host = parts.netloc.rpartition("@")
    user, colon, password = userinfo.partition(":")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, Credentials(unquote(user), unquote(password) if colon else None)


def without_credentials(url: str) -> str:
    """Return ``url`` as PEP 610 wants it kept: without its user part, unless that is ``git`` or only variables."""
    userinfo = urlsplit(url).netloc.rpartition("@")[0]
    return url if userinfo == "git" or re.fullmatch(_VARIABLES, userinfo) else split_credentials(url)[0]


def is_url(text: str) -> bool:
    """Return whether ``text`` is a URL with a scheme that a requirement may have."""
    scheme = text.partition(":")[0].lower() if re.match(_SCHEME, text) else ""
    return scheme in ("http", "https", "file", "ftp") or is_vcs_url(text)


def is_remote(location: str) -> bool:
    """Return whether ``location`` is a URL of a kind that files may have: ``http``, ``https``, ``file``."""
    return location[:6].lower().startswith(("http:", "https:", "file:"))


def is_vcs_url(text: str) -> bool:
    """Return whether ``text`` is ``vcs+transport://…``."""
    program, plus, _ = text.partition("+")
    return bool(plus) and program.lower() in VCS_SCHEMES and "://" in text and re.match(_SCHEME, text) is not None


def path_to_url(path: str) -> str:
    """Return the absolute ``file:`` URL of ``path``."""
    return "file://" + _path_to_url_path(os.path.abspath(path))


def url_to_path(url: str) -> str:
    """Return the path of a ``file:`` URL; raise `ValueError` where it names another host."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise ValueError(f"not a file: URL: {redact(url)}")
    if parts.netloc not in ("", "localhost"):
        if os.name == "nt":
            return _url_path_to_path("//" + parts.netloc + parts.path)
        raise ValueError(f"file: URL names another host: {redact(url)}")
    return _url_path_to_path(parts.path)


def join(base: str, reference: str) -> str:
    """Return ``reference`` resolved against ``base`` (RFC 3986 §5)."""
    return urljoin(base, reference)


def filename_of(url: str) -> str:
    """Return the last, unquoted path segment."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])


def fragment_of(url: str) -> dict[str, str]:
    """Return the fragment as ``key=value`` pairs, first value each (``egg``, ``subdirectory``, hash names)."""
    return {key: values[0] for key, values in parse_qs(urlsplit(url).fragment, keep_blank_values=True).items()}


def without_fragment(url: str) -> str:
    """Return ``url`` up to its ``#``."""
    return url.partition("#")[0]


def quote_path(path: str) -> str:
    """Return ``path`` percent-encoded for use as URL path segments, `/` kept."""
    return quote(path)


def _path_to_url_path(path: str) -> str:
    if os.name == "nt":
        from urllib.request import pathname2url  # noqa: PLC0415 - loads http.client and ssl, 25 ms; drives need it

        return pathname2url(path)
    return quote(path)


def _url_path_to_path(path: str) -> str:
    if os.name == "nt":
        from urllib.request import url2pathname  # noqa: PLC0415 - see above

        return url2pathname(path)
    return unquote(path)


def filename_of_href(href: str) -> str:
    """Return the last path segment of ``href``, unquoted, as pip takes a file's name from an anchor."""
    path = href.partition("#")[0].partition("?")[0].rstrip("/")
    name = path.rpartition("/")[2]
    return unquote(name).rpartition("/")[2] if "%" in name else name
