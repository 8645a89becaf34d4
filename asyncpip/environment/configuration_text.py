"""The text of a configuration file with one value changed; comments, order and spelling of all else stay.

Lines are told apart as `configparser` does, which reads the result. pip writes the whole file anew, without comments.
"""

from __future__ import annotations

import re

from asyncpip.environment.configuration import normalize_key

_OPTION = re.compile(r"(?P<name>.*?)(?P<sign>\s*[=:]\s*)(?P<value>.*)$")
_SECTION = re.compile(r"\[(?P<name>.+)\]")
_COMMENTS = ("#", ";")


class _Line:
    """One line without its end; ``kind`` is section, option, more (of a value), comment or blank."""

    __slots__ = ("key", "kind", "section", "text")

    def __init__(self, kind: str, text: str, section: str | None, key: str | None) -> None:
        self.kind = kind
        self.text = text
        self.section = section
        """The one that it stands in, or opens."""
        self.key = key
        """Of an option and the lines that go on with its value."""


def with_value(text: str, section: str, key: str, value: str) -> str:
    """Return ``text`` with ``key`` set: in its place, else at the end of ``[section]``, else of the file.

    ``key`` is normalised. Lines of the value after the first are indented, as `configparser` writes them.
    """
    end, lines = _taken_apart(text)
    first, *more = value.split("\n")
    continued = [f"\t{line}" for line in more]
    at = _index(lines, section, key)
    if at is not None:
        match = _OPTION.match(lines[at].text)
        sign = match["sign"] if match is not None else " = "
        start = f"{match['name']}{sign if sign[-1].isspace() else sign + ' '}" if match is not None else f"{key} = "
        rest = [line.text for line in lines[at + 1 :] if not (line.kind == "more" and _is_of(line, section, key))]
        new = [*(line.text for line in lines[:at]), start + first, *continued, *rest]
    else:
        new = [line.text for line in lines]
        last = max((i for i, line in enumerate(lines) if line.section == section and line.kind in _FULL), default=None)
        option = [f"{key} = {first}", *continued]
        if last is not None:
            new[last + 1 : last + 1] = option
        else:
            if new and new[-1].strip():
                new.append("")
            new += [f"[{section}]", *option, ""]
    return end.join(new) + (end if new else "")


def without_key(text: str, section: str, key: str) -> str:
    """Return ``text`` without ``key`` of ``[section]``, and without the section where nothing is left in it."""
    end, lines = _taken_apart(text)
    kept = [line for line in lines if not (line.kind in ("option", "more") and _is_of(line, section, key))]
    if all(line.kind in ("section", "blank") for line in kept if line.section == section):
        kept = [line for line in kept if line.section != section]
    return end.join(line.text for line in kept) + (end if kept else "")


_FULL = ("section", "option", "more")
"""Lines that say something: what is added stands behind the last of them."""


def _is_of(line: _Line, section: str, key: str) -> bool:
    return line.section == section and line.key == key


def _index(lines: list[_Line], section: str, key: str) -> int | None:
    """Return where the option stands."""
    return next((i for i, line in enumerate(lines) if line.kind == "option" and _is_of(line, section, key)), None)


def _taken_apart(text: str) -> tuple[str, list[_Line]]:
    """Return the line end that ``text`` uses, and its lines."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines: list[_Line] = []
    section: str | None = None
    key: str | None = None
    indent = 0
    for raw in text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else ():
        stripped = raw.strip()
        if not stripped:
            lines.append(_Line("blank", raw, section, key))
            continue
        if stripped.startswith(_COMMENTS):
            lines.append(_Line("comment", raw, section, key))
            continue
        depth = len(raw) - len(raw.lstrip())
        if key is not None and depth > indent:
            lines.append(_Line("more", raw, section, key))
            continue
        indent = depth
        header = _SECTION.match(stripped)
        if header is not None:
            section, key = header["name"], None
            lines.append(_Line("section", raw, section, None))
            continue
        option = _OPTION.match(raw)
        key = normalize_key(option["name"].strip()) if option is not None else None
        lines.append(_Line("option", raw, section, key))
    return end, lines
