"""Whether the first request can be prepared while the pipeline is loaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.errors import ConfigurationError
from asyncpip.index.addresses import PAGES, page_url, record_key
from asyncpip.store.layout import record_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncpip.commands.install_options import IndexOptions
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.net.ahead import Ahead
    from asyncpip.store.store import Store


def begin_ahead(
    index: IndexOptions, requirements: Iterable[UserRequirement], store: Store | None, environ: Mapping[str, str]
) -> Ahead | None:
    """Begin what the first request needs, where there will surely be one: for a page that the store does not have."""
    url = next(iter(index.index_urls), "")
    if (
        index.offline
        or not url.startswith("https:")
        or not any(_lacks_page(store, url, each) for each in requirements)
        or _needs_proxy(url, index, environ)
    ):
        return None
    from asyncpip.net.ahead import Ahead  # noqa: PLC0415 - few runs get here

    return Ahead(url, index.transport, environ)


def _lacks_page(store: Store | None, index_url: str, requirement: UserRequirement) -> bool:
    if requirement.name is None or requirement.direct is not None:
        return False
    place = record_path(PAGES, record_key(page_url(index_url, requirement.name)))
    return store is None or not os.path.exists(os.path.join(store.root, place))


def _needs_proxy(url: str, index: IndexOptions, environ: Mapping[str, str]) -> bool:
    from asyncpip.net.proxies import select_proxy  # noqa: PLC0415 - as above

    transport = index.transport
    try:
        return bool(select_proxy(url, option=transport.proxy, environ=environ, use_environment=transport.use_proxy_env))
    except ConfigurationError:  # told by the first request
        return True
