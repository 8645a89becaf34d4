"""Where an editable project from version control lives (`--src`): a directory that stays, and may be there already."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.build.vcs import Checkout
from asyncpip.errors import BuildError
from asyncpip.store.store import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.build.vcs import Repository


class CheckoutPlace:
    """The directory that an editable project is checked out in (`--src`), where something may be already."""

    def __init__(
        self, repository: Repository, directory: str, actions: Sequence[str], warn: Callable[[str], None]
    ) -> None:
        """``actions`` are the letters of `--exists-action`; the first that is possible is done."""
        self._repository = repository
        self._directory = directory
        self._actions = actions
        self._warn = warn

    def bring(self) -> Checkout:
        """Make the directory a checkout of what is wanted; see `Repository` for what it raises."""
        if not os.path.lexists(self._directory):
            os.makedirs(os.path.dirname(self._directory), exist_ok=True)
            return self._repository.check_out()
        is_repository = self._repository.is_repository()
        if is_repository and self._repository.is_same():
            return self._repository.update()
        possible = ("s", "i", "w", "b", "a") if is_repository else ("i", "w", "b", "a")
        action = next((action for action in self._actions if action in possible), None)
        what = f"{self._directory} exists already, and is a checkout of something else"
        match action:
            case "s":
                return self._repository.switch()
            case "i":
                return self._repository.current() if is_repository else Checkout("", is_immutable=False)
            case "w":
                self._warn(f"Deleting {self._directory}")
                remove_tree(self._directory)
                return self._repository.check_out()
            case "b":
                aside = self._free_name()
                self._warn(f"Backing up {self._directory} to {aside}")
                os.rename(self._directory, aside)
                return self._repository.check_out()
            case "a":
                raise BuildError(what, why="--exists-action says to abort")
            case _:
                choices = "(s)witch, (i)gnore, (w)ipe, (b)ackup" if is_repository else "(i)gnore, (w)ipe, (b)ackup"
                raise BuildError(what, hint=f"say what to do with it by --exists-action: {choices}")

    def _free_name(self) -> str:
        """Return pip's name for a directory put aside: ``x.bak``, else ``x.bak1`` and so on."""
        name, count = self._directory + ".bak", 0
        while os.path.exists(name):
            count += 1
            name = f"{self._directory}.bak{count}"
        return name
