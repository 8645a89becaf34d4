"""A project in development mode as a requirement: its checkout's remote and commit, where it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.environment.checkout import (
    InvalidRemoteError,
    MissingProgramError,
    NoRemoteError,
    VersionControlError,
    checkout_requirement,
    find_checkout,
)

if TYPE_CHECKING:
    from asyncpip.commands.installed_view import InstalledView


def freeze_editable(view: InstalledView, raw_name: str, pin: str, location: str) -> tuple[str, list[str]]:
    """Return the requirement that follows `-e`, and the comments above it."""
    checkout = find_checkout(location)
    if checkout is None:
        return location, [f"# Editable install with no version control ({pin})"]
    try:
        return checkout_requirement(checkout, location, raw_name), []
    except NoRemoteError:
        return location, [f"# Editable {checkout.title} install with no remote ({pin})"]
    except InvalidRemoteError as error:
        return location, [
            f"# Editable {checkout.title} install ({pin}) with either a deleted local remote or invalid URI:",
            f"# '{error.url}'",
        ]
    except MissingProgramError:
        view.warn(
            f"cannot determine version of editable source in {location} ({checkout.program} command not found in path)"
        )
        return location, []
    except VersionControlError as error:
        view.warn(f"Error when trying to get requirement for VCS system {error}")
        view.warn(f"Could not determine repository location of {location}")
        return location, ["## !! Could not determine repository location"]
