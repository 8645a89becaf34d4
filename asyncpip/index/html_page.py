"""Anchors of an HTML project page or find-links page → file entries (PEP 503, 592, 629, 658, 714).

An own scanner, since `html.parser` takes 20 us an anchor and such pages have tens of thousands. It is linear in the
page's length for any input. What it does not know: scripts and CDATA, of which pages of this kind have none.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from asyncpip.core.page import PageFile
from asyncpip.core.urls import filename_of_href

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.net.content_encoding import Octets
# A quote opens a value only after `=`; one that is never closed is an ordinary character.
_TAG = re.compile(
    r"""<!--.*?(?:-->|\Z) | <(a|base|meta)(?=[\s/>]) ( (?: [^>=]++ | =\s*+(?:"[^"]*+"|'[^']*+')? )*+ ) (?:>|\Z)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)


class HtmlLinks(NamedTuple):
    """What an HTML page says."""

    base: str | None
    """The first `<base href>`; may be relative itself."""
    api_version: str | None
    """The `pypi:repository-version` meta tag (PEP 629)."""
    files: list[PageFile]
    """One for each anchor with an address, with ``url`` as written."""


def parse_html(body: Octets, content_type: str) -> HtmlLinks:
    """Return the links of ``body``; never fails: what is no link is passed over."""
    base: str | None = None
    api_version: str | None = None
    files: list[PageFile] = []
    for tag, attributes in _tags(_decoded(body, content_type)):
        if tag == "a":
            href = attributes.get("href")
            if href:
                files.append(_file_of(href.strip(), attributes))
        elif tag == "base":
            base = base or attributes.get("href")
        elif (attributes.get("name") or "").lower() == "pypi:repository-version":
            api_version = attributes.get("content")
    return HtmlLinks(base, api_version, files)


def _decoded(body: Octets, content_type: str) -> str:
    """Return ``body`` as text, by the charset of the content type, else UTF-8."""
    declared = _CHARSET.search(content_type)
    try:
        return body.decode(declared[1] if declared else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _tags(text: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield each tag of interest with its attributes; a None value is an attribute without `=`."""
    for match in _TAG.finditer(text):
        tag, inside = match.groups()
        if tag is None:
            continue
        attributes: dict[str, str | None] = {}
        for name, double, single, bare in _attributes(inside):
            value = double if double is not None else single if single is not None else bare
            attributes[name.lower()] = unescape(value) if value and "&" in value else value
        yield tag.lower(), attributes


def _attributes(inside: str) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    for match in _ATTRIBUTE.finditer(inside):
        name, double, single, bare = match.groups()
        yield name, double, single, bare


def _file_of(href: str, attributes: dict[str, str | None]) -> PageFile:
    yanked: bool | str = False
    if "data-yanked" in attributes:
        # PEP 592: the presence alone means yanked. (pip overlooks an attribute without a value.)
        yanked = attributes["data-yanked"] or True
    return PageFile(
        filename=filename_of_href(href),
        url=href,
        requires_python=attributes.get("data-requires-python") or None,
        yanked=yanked,
        core_metadata=_core_metadata(attributes),
    )


def _core_metadata(attributes: dict[str, str | None]) -> bool | dict[str, str] | None:
    """Return what `data-core-metadata`, else the older `data-dist-info-metadata`, says (PEP 714)."""
    said = attributes.get("data-core-metadata")
    if said is None:
        said = attributes.get("data-dist-info-metadata")
    if said is None:
        return None
    algorithm, equals, digest = said.partition("=")
    return {algorithm: digest} if equals and digest else said.lower() != "false"
