"""Text to value: what options accept, with pip's wording (optparse's) for what they do not."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.cli.specs import Option

_TRUE = frozenset(("y", "yes", "t", "true", "on", "1"))
_DEEPEST = 500
"""Directories in a path: `os.makedirs` goes down one by one, and Python not below a thousand."""
_FALSE = frozenset(("n", "no", "f", "false", "off", "0"))


def parse_boolean(text: str) -> bool:
    """Return the truth value that configuration files and environment variables spell; raise `ValueError`."""
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError(f"invalid truth value {text!r}")


def parse_count(text: str) -> int:
    """Return what a counting option takes there: a boolean or a number that is not negative; raise `ValueError`."""
    try:
        return int(parse_boolean(text))
    except ValueError:
        count = int(text)
    if count < 0:
        raise ValueError(f"negative count {text!r}")
    return count


def parse_value(option: Option, spelling: str, text: str) -> int | float | str:
    """Return the value of one occurrence of ``option``; raise `ValueError` with a text that names ``spelling``."""
    if "\0" in text:
        raise ValueError(f"option {spelling}: invalid value: {text!r} holds a NUL")
    if text.count("/") > _DEEPEST:
        raise ValueError(f"option {spelling}: invalid value: {text[:40]!r}… holds more than {_DEEPEST} slashes")
    if option.kind == "number":
        value: int | float | str = _parse_number(spelling, text)
    elif option.kind == "seconds":
        value = _parse_seconds(spelling, text)
    else:
        value = text
        if option.choices and text not in option.choices:
            choices = ", ".join(repr(choice) for choice in option.choices)
            raise ValueError(f"option {spelling}: invalid choice: {text!r} (choose from {choices})")
    if option.check and text:
        from asyncpip.cli.option_checks import CHECKS  # noqa: PLC0415 - needs datetime and more; few runs come here

        problem = CHECKS[option.check](str(value))
        if problem is not None:
            raise ValueError(f"{spelling} error: {problem}")
    return value


def split_key_value(text: str) -> tuple[str, str]:
    """Return key and value of ``KEY=VALUE``; the value is empty where there is no ``=``."""
    key, _, value = text.partition("=")
    return key, value


def _parse_number(spelling: str, text: str) -> int:
    """Return an integer; `0x`, `0b` and leading zeros (octal) mean what they do to optparse."""
    lowered = text.lower().lstrip("+-")
    try:
        if lowered.startswith(("0x", "0b")):
            return int(text, 0)
        if lowered.startswith("0") and lowered != "0":
            return int(text, 8)
        return int(text)
    except ValueError:
        raise ValueError(f"option {spelling}: invalid integer value: {text!r}") from None


def _parse_seconds(spelling: str, text: str) -> float:
    """Return a number of seconds."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"option {spelling}: invalid floating-point value: {text!r}") from None
