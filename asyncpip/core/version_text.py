"""Versions as text (PEP 440): what nearly all versions look like is understood without `packaging`. Lean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PRE_RELEASES = ("rc", "a", "b")


def _is_compatible(ours: tuple[int, ...], asked: tuple[int, ...]) -> bool:
    """Return what ``~=`` says (PEP 440, "Compatible release")."""
    return ours >= asked and ours[: len(asked) - 1] == asked[:-1]


_COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": lambda ours, asked: ours == asked,
    "!=": lambda ours, asked: ours != asked,
    "<=": lambda ours, asked: ours <= asked,
    ">=": lambda ours, asked: ours >= asked,
    "<": lambda ours, asked: ours < asked,
    ">": lambda ours, asked: ours > asked,
    "~=": _is_compatible,
}
_PREFIX_COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": lambda ours, asked: ours[: len(asked)] == asked,
    "!=": lambda ours, asked: ours[: len(asked)] != asked,
}

_OF_POST_RELEASES = {"==": False, "!=": True, "<=": False, ">": False}
"""Whether a post-release of the very version that is asked for meets a clause (``>1.0`` excludes ``1.0.post1``)."""


def canonical_version(text: str) -> str | None:
    """Return ``text`` as `str(Version(text))` writes it; None where it is no version."""
    plain = _plain_version(text)
    if plain is not None:
        return plain
    from packaging.version import Version  # noqa: PLC0415 - 12 ms, and rarely needed

    try:
        return str(Version(text))
    except ValueError:  # `InvalidVersion`, or a number with more digits than Python reads
        return None


def _plain_version(text: str) -> str | None:
    """Return the canonical text of a version in the common spelling; None for every other one."""
    public, plus, local = text.partition("+")
    ending = f"+{local}" if plus else ""
    if plus and not _is_plain_local(local):
        return None
    for mark in (".dev", ".post"):
        public, found, digits = public.partition(mark)
        if found:
            if not _is_number(digits):
                return None
            ending = f"{mark}{digits}{ending}"
    public, dash, digits = public.partition("-")
    if dash:  # an old way to write a post-release
        if not _is_number(digits) or ".post" in ending:
            return None
        ending = f".post{digits}{ending}"
    for mark in _PRE_RELEASES:
        public, found, digits = public.partition(mark)
        if found:
            if not _is_number(digits):
                return None
            ending = f"{mark}{digits}{ending}"
            break
    release = parse_release(public)
    return None if release is None else ".".join(map(str, release)) + ending


def _is_plain_local(text: str) -> bool:
    return text.isascii() and all(
        part.isalnum() and part.islower() if not part.isdigit() else _is_number(part) for part in text.split(".")
    )


def _is_number(text: str) -> bool:
    """Return whether ``text`` is a number without superfluous zeros."""
    return text.isascii() and text.isdigit() and (text[0] != "0" or text == "0")


def parse_release(text: str) -> tuple[int, ...] | None:
    """Return a version that is nothing but numbers and dots; None for every other text."""
    parts = text.split(".")
    if not text.isascii() or not all(map(str.isdigit, parts)):
        return None
    return tuple(map(int, parts))


def is_plain_specifier(text: str) -> bool:
    """Return whether all clauses have common forms, so that nothing in ``text`` can be malformed."""
    return all(_is_plain_clause(*_split_clause(clause)) for clause in text.split(","))


def _is_plain_clause(operator: str, asked: str) -> bool:
    if asked.isascii() and all(map(str.isdigit, asked.split("."))) and operator in _COMPARISONS:
        return operator != "~=" or "." in asked  # a final release, as in most clauses
    if asked.endswith(".*"):
        return operator in _PREFIX_COMPARISONS and parse_release(asked[:-2]) is not None
    if ("+" in asked and operator not in _PREFIX_COMPARISONS) or (operator == "~=" and "." not in asked):
        return False  # what these operators do not take
    return operator in _COMPARISONS and _plain_version(asked) is not None


def meets(version: str, specifier: str) -> bool | None:
    """Return whether ``version`` meets ``specifier``, both in the common forms; None where `packaging` has to say.

    Pre-releases count, as for what is installed.
    """
    if not specifier:
        return True
    public, post, number = version.partition(".post")
    release = parse_release(public)
    if release is None or (post and not number.isdigit()):
        return None
    for clause in specifier.split(","):
        operator, asked = _split_clause(clause)
        met = _meets_clause(release, operator, asked, is_post=bool(post))
        if met is None and operator == "==" and asked == version and _plain_version(version) is not None:
            met = True
        if met is not True:
            return met
    return True


def _split_clause(clause: str) -> tuple[str, str]:
    clause = clause.strip()
    two, one = clause[:2], clause[:1]
    operator = two if two in _COMPARISONS else one if one in _COMPARISONS else ""
    return operator, clause[len(operator) :].strip()


def _meets_clause(release: tuple[int, ...], operator: str, text: str, *, is_post: bool) -> bool | None:
    """Return whether a final release, or a post-release of it, without local label meets one clause."""
    is_prefix = text.endswith(".*")
    asked = parse_release(text[:-2] if is_prefix else text)
    compare = (_PREFIX_COMPARISONS if is_prefix else _COMPARISONS).get(operator)
    if asked is None or compare is None or (operator == "~=" and len(asked) == 1):
        return None
    ours, theirs = _padded(release, asked), asked if is_prefix or operator == "~=" else _padded(asked, release)
    if is_post and not is_prefix and ours == theirs and operator in _OF_POST_RELEASES:
        return _OF_POST_RELEASES[operator]
    return compare(ours, theirs)


def _padded(release: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``release`` with zeros up to the length of ``other``."""
    return release + (0,) * (len(other) - len(release))
