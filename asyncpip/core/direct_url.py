"""Where a distribution that came by direct reference came from (PEP 610)."""

from __future__ import annotations

from asyncpip.core.values import Value


class ArchiveInfo(Value):
    """A wheel or sdist by path or URL."""

    hashes: tuple[tuple[str, str], ...] = ()


class DirectoryInfo(Value):
    """A local project directory."""

    editable: bool = False


class VcsInfo(Value):
    """A checkout."""

    vcs: str
    commit_id: str
    requested_revision: str | None = None


class DirectUrl(Value):
    """The content of `direct_url.json`. ``url`` holds no credentials except a VCS user name `git` (PEP 610)."""

    url: str
    info: ArchiveInfo | DirectoryInfo | VcsInfo
    subdirectory: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the JSON object, with pip's legacy single ``hash`` beside ``hashes``."""
        data: dict[str, object] = {"url": self.url}
        match self.info:
            case ArchiveInfo(hashes=hashes):
                archive: dict[str, object] = {}
                if hashes:
                    archive = {"hash": "=".join(hashes[0]), "hashes": dict(hashes)}
                data["archive_info"] = archive
            case DirectoryInfo(editable=editable):
                data["dir_info"] = {"editable": True} if editable else {}
            case VcsInfo(vcs=vcs, commit_id=commit_id, requested_revision=revision):
                data["vcs_info"] = {"vcs": vcs, "commit_id": commit_id} | (
                    {"requested_revision": revision} if revision else {}
                )
        if self.subdirectory:
            data["subdirectory"] = self.subdirectory
        return data
