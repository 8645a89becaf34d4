"""The installation report of `--report`: JSON, format version 1, with pip's keys in pip's order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectUrl
from asyncpip.core.urls import split_credentials, without_fragment
from asyncpip.version import EMULATED_PIP_VERSION, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

    from packaging.utils import NormalizedName

    from asyncpip.core.resolution import Resolved
    from asyncpip.install.plan import InstallPlan

_SINGLE_FIELDS = (
    *("Metadata-Version", "Name", "Version", "Summary", "Description", "Description-Content-Type", "Keywords"),
    *("Home-page", "Download-URL", "Author", "Author-email", "Maintainer", "Maintainer-email", "License"),
    *("License-Expression", "Requires-Python"),
)
_MULTIPLE_FIELDS = (
    *("Dynamic", "Platform", "Supported-Platform", "License-File", "Classifier", "Requires-Dist", "Requires-External"),
    *("Project-URL", "Provides-Extra", "Provides-Dist", "Obsoletes-Dist"),
)
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


def metadata_to_json(data: bytes) -> dict[str, object]:
    """Return METADATA as JSON object (core metadata specification; PEP 566, "JSON-compatible metadata")."""
    from email import message_from_string  # noqa: PLC0415 - 20 ms, wanted for a report only

    message = message_from_string(data.decode("utf-8", "replace"))
    result: dict[str, object] = {}
    for field in _SINGLE_FIELDS:
        value = message.get(field)
        if value is not None:
            text = _unindented(str(value))
            result[_key(field)] = _keywords(text) if field == "Keywords" else text
    for field in _MULTIPLE_FIELDS:
        values = message.get_all(field)
        if values:
            result[_key(field)] = [_unindented(str(value)) for value in values]
    body = _body(message)
    if body:
        result["description"] = body
    return result


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


def _key(field: str) -> str:
    return field.lower().replace("-", "_")


def _keywords(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")] if "," in text else text.split()


def _unindented(value: str) -> str:
    """Return a folded header with the indent of its continuation lines, measured with that of the first, taken off."""
    if "\n" not in value:
        return value
    from textwrap import dedent  # noqa: PLC0415 - rare

    return dedent(" " * 8 + value)


def _body(message: Message) -> str:
    payload = message.get_payload()
    return payload if isinstance(payload, str) else ""
