"""Trees of the store that a plan wants, looked at before they are linked: is this the right wheel, and unchanged?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging.version import Version

from asyncpip.core.events import Level, Message
from asyncpip.core.names import normalize_name
from asyncpip.install.linker import damaged_trees
from asyncpip.install.manifest import Manifest
from asyncpip.store.layout import MANIFEST_NAME
from asyncpip.store.store import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.resolution import Resolved
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.store.store import Store


def read_manifests(
    decisions: Sequence[Resolved], stored: Mapping[NormalizedName, StoredWheel]
) -> dict[NormalizedName, Manifest | None]:
    """Return the manifest of each wheel; None for one whose tree is damaged, or is of another release.

    The latter happens where an index or a user gives one archive the digest of another: fetched again, it fails its
    check, instead of being installed under a wrong name.
    """
    manifests: dict[NormalizedName, Manifest | None] = {}
    for decision in decisions:
        manifest = None
        try:
            manifest = Manifest.decode(read_file(os.path.join(stored[decision.name].tree, MANIFEST_NAME)) or b"")
            is_right = (
                normalize_name(manifest.project) == decision.name
                and Version(manifest.version) == decision.choice.version
            )
        except ValueError:
            is_right = False
        manifests[decision.name] = manifest if is_right else None
    return manifests


def drop_damaged(
    stored: Mapping[NormalizedName, StoredWheel],
    manifests: Mapping[NormalizedName, Manifest | None],
    store: Store,
    reporter: Reporter,
    *,
    jobs: int,
) -> bool:
    """Take trees that were edited, cut or emptied out of the store; return whether there were any.

    Trees that this run unpacked are not looked at.
    """
    old = [
        (wheel, manifest)
        for name, manifest in manifests.items()
        if (wheel := stored[name]).from_store and manifest is not None
    ]
    bad = {old[index][0].digest for index in damaged_trees([(w.tree, m) for w, m in old], jobs=jobs)}
    bad |= {stored[name].digest for name, manifest in manifests.items() if manifest is None}
    for digest in bad:
        reporter.emit(Message(Level.VERBOSE, f"The stored wheel {digest} was changed; it is fetched again"))
        store.drop_tree(digest)
    return bool(bad)
