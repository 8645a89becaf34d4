"""The installation report of `--report`: JSON, format version 1, with pip's keys in pip's order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectUrl
from asyncpip.core.metadata_json import metadata_to_json
from asyncpip.core.urls import split_credentials, without_fragment
from asyncpip.version import EMULATED_PIP_VERSION, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.resolution import Resolved
    from asyncpip.install.plan import InstallPlan

_HASH_PREFERENCE = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")


def installation_report(
    plan: InstallPlan, metadata: Mapping[NormalizedName, bytes], environment: Mapping[str, str]
) -> dict[str, object]:
    """Return the report of ``plan``, with METADATA of what it adds and the marker variables of ``environment``."""
    return {
        "version": "1",
        "pip_version": EMULATED_PIP_VERSION,
        "installer": {"name": "asyncpip", "version": VERSION},
        "install": [_entry(decision, metadata[decision.name]) for decision in plan.add],
        "environment": dict(environment),
    }


def format_report(report: Mapping[str, object]) -> str:
    """Return the text of a report, as pip writes it: two blanks a level, all letters as they are, no line end."""
    return json.dumps(report, indent=2, ensure_ascii=False)


def _entry(decision: Resolved, metadata: bytes) -> dict[str, object]:
    candidate = decision.choice
    if not isinstance(candidate, Candidate):
        raise TypeError(f"{decision.name} is installed already: not part of a report")
    entry: dict[str, object] = {
        "download_info": (candidate.direct_url or _download_info(candidate)).to_json(),
        "is_direct": candidate.direct_url is not None,
        "is_yanked": candidate.file.is_yanked,
        "requested": decision.requested,
        "metadata": metadata_to_json(metadata),
    }
    if decision.requested and decision.requested_extras:
        entry["requested_extras"] = sorted(decision.requested_extras)
    return entry


def _download_info(candidate: Candidate) -> DirectUrl:
    url, _ = split_credentials(without_fragment(candidate.file.url))
    hashes = candidate.file.hashes
    preferred = next(((name, hashes[name]) for name in _HASH_PREFERENCE if name in hashes), None)
    return DirectUrl(url=url, info=ArchiveInfo(hashes=(preferred,) if preferred else ()))
