"""Requirement text that is a name with usual version specifiers: nearly every argument and line. No `packaging` parser.

Such a text has one meaning only; what else a text can be is left to `requirement_text`.
"""

from __future__ import annotations

from packaging.specifiers import SpecifierSet

from asyncpip.core.names import is_valid_name, normalize_name
from asyncpip.core.requirement import UserRequirement
from asyncpip.core.version_text import is_plain_specifier
from asyncpip.core.wheel_filename import SDIST_SUFFIXES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.requirement import Origin

_ARCHIVE_SUFFIXES = (*SDIST_SUFFIXES, ".whl")
_LONGEST = 200
"""Numbers out of all bounds are longer."""


def parse_plain_requirement(
    text: str, origin: Origin, hashes: AllowedHashes, config_settings: tuple[tuple[str, str], ...]
) -> UserRequirement | None:
    """Return what ``text`` asks for; None where it is anything but a name, or a name with usual specifiers."""
    end = len(text)
    for sign in "<>=!~":
        at = text.find(sign)
        if 0 <= at < end:
            end = at
    name, specifier = text[:end].strip(" "), text[end:]
    if (
        len(text) > _LONGEST
        or not (text.isascii() and text.isprintable())
        or not name[:1].isalnum()
        or not name[-1:].isalnum()
        or not is_valid_name(normalize_name(name))
        or text.lower().endswith(_ARCHIVE_SUFFIXES)
        or (specifier and not is_plain_specifier(specifier))
    ):
        return None
    return UserRequirement(
        text=text,
        name=normalize_name(name),
        specifier=SpecifierSet(specifier),
        hashes=hashes,
        config_settings=config_settings,
        origin=origin,
    )
