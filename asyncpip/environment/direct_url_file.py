"""`direct_url.json` (PEP 610), read and checked, as the JSON object that it is. Lean: few distributions have one."""

from __future__ import annotations

import os

from asyncpip.environment.scan import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE_NAME = "direct_url.json"
_KINDS = ("vcs_info", "archive_info", "dir_info")


class InvalidDirectUrlError(ValueError):
    """What is wrong with a `direct_url.json`, in the words of `packaging.direct_url`."""


def read_direct_url_data(info_path: str) -> dict[str, Any] | None:
    """Return the object in a dist-info directory; None where there is none. Raises `InvalidDirectUrlError`."""
    text = read_text(os.path.join(info_path, FILE_NAME))
    if text is None:
        return None
    import json  # noqa: PLC0415 - see above

    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDirectUrlError(str(error)) from None
    if not isinstance(data, dict):
        raise InvalidDirectUrlError(f"Unexpected type {type(data).__name__} (expected dict)")
    _check(data)
    return data


def archive_hashes(data: dict[str, Any]) -> dict[str, str]:
    """Return the digests of an archive: ``hashes``, or the older single ``hash``."""
    archive = data["archive_info"]
    hashes: dict[str, str] | None = archive.get("hashes")
    if hashes is not None:
        return hashes
    name, equals, digest = (archive.get("hash") or "").partition("=")
    return {name: digest} if equals else {}


def as_requirement(data: dict[str, Any], name: str) -> str:
    """Return ``name @ url`` as `freeze` prints it."""
    url = data["url"]
    if "@" in url:
        from asyncpip.core.urls import without_credentials  # noqa: PLC0415 - loads `re` and `urllib.parse`

        url = without_credentials(url)
    fragments = []
    if data.get("vcs_info") is not None:
        url = f"{data['vcs_info']['vcs']}+{url}@{data['vcs_info']['commit_id']}"
    elif data.get("archive_info") is not None:
        fragments += [f"{algorithm}={digest}" for algorithm, digest in list(archive_hashes(data).items())[:1]]
    if data.get("subdirectory"):
        fragments.append(f"subdirectory={data['subdirectory']}")
    return f"{name} @ {url}" + (f"#{'&'.join(fragments)}" if fragments else "")


def as_written(data: dict[str, Any]) -> dict[str, object]:
    """Return the object without credentials and unknown keys, with the older ``hash`` beside ``hashes``: pip's form."""
    from asyncpip.core.urls import without_credentials  # noqa: PLC0415 - loads `re` and `urllib.parse`

    result: dict[str, object] = {"url": without_credentials(data["url"])}
    if data.get("archive_info") is not None:
        hashes = archive_hashes(data)
        first = next(iter(hashes.items()), None)
        result["archive_info"] = {"hashes": hashes, "hash": "=".join(first)} if first else {}
    elif data.get("dir_info") is not None:
        result["dir_info"] = {"editable": True} if is_editable(data) else {}
    else:
        vcs = data["vcs_info"]
        kept = {key: vcs.get(key) for key in ("vcs", "commit_id", "requested_revision")}
        result["vcs_info"] = {key: value for key, value in kept.items() if value is not None}
    if data.get("subdirectory") is not None:
        result["subdirectory"] = data["subdirectory"]
    return result


def is_editable(data: dict[str, Any]) -> bool:
    """Return whether this is a directory in development mode."""
    return bool((data.get("dir_info") or {}).get("editable"))


def _check(data: dict[str, Any]) -> None:
    _require(data, "url", str)
    _allow(data, "subdirectory", str)
    for kind in _KINDS:
        _allow(data, kind, dict)
    if sum(data.get(kind) is not None for kind in _KINDS) != 1:
        raise InvalidDirectUrlError("Exactly one of vcs_info, archive_info, dir_info must be present")
    if data.get("vcs_info") is not None:
        _require(data["vcs_info"], "vcs", str, "vcs_info.")
        _require(data["vcs_info"], "commit_id", str, "vcs_info.")
        _allow(data["vcs_info"], "requested_revision", str, "vcs_info.")
    elif data.get("archive_info") is not None:
        _check_archive(data["archive_info"])
    else:
        _allow(data["dir_info"], "editable", bool, "dir_info.")
        scheme, _, rest = data["url"].partition(":")
        if scheme.lower() != "file":
            raise InvalidDirectUrlError("URL scheme must be file:// when dir_info is present in 'url'")
        if rest.startswith("//") and "/" not in rest[2:]:
            raise InvalidDirectUrlError("File URL must be absolute when dir_info is present in 'url'")


def _check_archive(archive: dict[str, Any]) -> None:
    _allow(archive, "hashes", dict, "archive_info.")
    _allow(archive, "hash", str, "archive_info.")
    hashes, single = archive.get("hashes"), archive.get("hash")
    if hashes is not None and not all(isinstance(digest, str) for digest in hashes.values()):
        raise InvalidDirectUrlError("Hash values must be strings in 'archive_info.hashes'")
    if single is None:
        return
    name, equals, digest = single.partition("=")
    if not equals:
        raise InvalidDirectUrlError("Invalid hash format (expected '<algorithm>=<hash>') in 'archive_info.hash'")
    if hashes is not None and name not in hashes:
        raise InvalidDirectUrlError(
            f"Algorithm {name!r} used in hash field is not present in hashes field in 'archive_info.hashes'"
        )
    if hashes is not None and hashes[name] != digest:
        raise InvalidDirectUrlError(
            f"Algorithm {name!r} used in hash field has different value in hashes field in 'archive_info.hash'"
        )


def _require(data: dict[str, Any], key: str, kind: type, context: str = "") -> None:
    if data.get(key) is None:
        raise InvalidDirectUrlError(f"Missing required value in '{context}{key}'")
    _allow(data, key, kind, context)


def _allow(data: dict[str, Any], key: str, kind: type, context: str = "") -> None:
    value = data.get(key)
    if value is not None and not isinstance(value, kind):
        raise InvalidDirectUrlError(
            f"Unexpected type {type(value).__name__} (expected {kind.__name__}) in '{context}{key}'"
        )
