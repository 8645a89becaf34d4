"""The live display as text: numbers of a `RunState` in, lines for a terminal out. Widths are columns."""

from __future__ import annotations

from asyncpip.core.events import Stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.cli.progress_state import RunState, Transfer

    Span = tuple[str, str]
    """A style and text of which each character takes one column."""
    Line = list[Span]

PLAIN, BOLD, DIM, ACCENT, GOOD = "", "1", "2", "36", "1;32"
_MOST_TRANSFERS = 6
_LABEL_WIDTH = 24
"""The same for all transfers of a run, or bars would move sideways."""
_BAR_WIDTH = 32
_LEAST_BAR_WIDTH = 8
_LEAST_LEFT_SECONDS = 2
_KILO = 1000.0
_WHOLE_FROM = 99.95
"""Sizes from here on are shown without tenths: three digits say enough."""
_MINUTE, _HOUR = 60, 3600
_MILLISECONDS_BELOW = 0.095


class Look:
    """How to draw: with which characters, and whether in colour."""

    __slots__ = ("bar_empty", "bar_full", "color", "dot", "ellipsis", "spinner", "tick")

    def __init__(self, *, color: bool, encoding: str) -> None:
        fancy = _can_encode(encoding)
        self.color = color
        self.dot = " \u00b7 " if fancy else " - "
        self.ellipsis = "\u2026" if fancy else "~"
        self.bar_full, self.bar_empty = ("\u2501", "\u2500") if fancy else ("#", ".")
        self.spinner = "\u280b\u2819\u2839\u2838\u283c\u2834\u2826\u2827\u2807\u280f" if fancy else "|/-\\"
        self.tick = "\u2713 " if fancy else ""


def frame(state: RunState, now: float, tick: int, look: Look, *, columns: int, rows: int) -> list[str]:
    """Return the lines to show now, none wider than ``columns`` and fewer than ``rows``; ``tick`` turns the spinner."""
    lines = [_header(state, now, tick, look)]
    transfers = state.largest(min(_MOST_TRANSFERS, max(rows - 3, 0)), now)
    lines += [_transfer_line(each, look, columns) for each in transfers]
    return [_text(line, look, columns) for line in lines]


def summary(state: RunState, now: float, look: Look, columns: int | None) -> str | None:
    """Return what a run that went well leaves behind; None where it did nothing to tell of.

    One line, or two where it would be wider than ``columns``; None is wide enough for everything.
    """
    installed, resolved = state.progress.get(Stage.INSTALLING), state.progress.get(Stage.RESOLVING)
    saved = state.progress.get(Stage.SAVING)
    if installed is not None:
        done = f"Installed {_counted(installed.done, 'distribution')}"
    elif saved is not None:
        done = f"Saved {_counted(saved.done, 'archive')}"
    elif resolved is not None:
        done = f"Resolved {_counted(resolved.done, 'distribution')}"
    else:
        return None
    line = [(GOOD, look.tick), (BOLD, done), (PLAIN, " in "), (BOLD, format_seconds(now - state.started))]
    parts = []
    if (installed or saved) is not None and resolved is not None:
        parts.append(f"resolved {format_seconds(state.seconds(Stage.RESOLVING))}")
    if state.transfers_done:
        size = " ".join(format_size(state.arrived_bytes))
        parts.append(f"downloaded {size} in {format_seconds(state.transfer_seconds)}")
    if Stage.BUILDING in state.progress:
        parts.append(f"built {format_seconds(state.seconds(Stage.BUILDING))}")
    if installed is not None:
        parts.append(f"linked {format_seconds(state.seconds(Stage.INSTALLING))}")
    if Stage.COMPILING in state.progress:
        parts.append(f"compiled {format_seconds(state.seconds(Stage.COMPILING))}")
    if parts:
        details = look.dot.join(parts)
        width = sum(len(text) for _, text in line) + len(details) + len("  ()")
        line.append((DIM, f"  ({details})" if columns is None or width <= columns else f"\n  {details}"))
    return _text(line, look, None)


def format_size(size_bytes: float) -> tuple[str, str]:
    """Return a size to three digits or so, and its unit: ``("45.2", "MB")``."""
    for unit in ("kB", "MB", "GB"):
        size_bytes /= _KILO
        if size_bytes < _KILO - 0.5 or unit == "GB":
            return f"{size_bytes:.{0 if size_bytes >= _WHOLE_FROM else 1}f}", unit
    raise AssertionError  # pragma: no cover - the last unit takes all


def format_seconds(seconds: float) -> str:
    """Return a duration for people: ``45 ms``, ``1.9 s``, ``2 min 5 s``."""
    if seconds < _MILLISECONDS_BELOW:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    return f"{round(seconds) // _MINUTE} min {round(seconds) % _MINUTE} s"


def format_clock(seconds: float) -> str:
    """Return a duration as clocks show it: ``0:03``, ``12:34``, ``1:00:00``."""
    whole = int(seconds)
    minutes = f"{whole // _MINUTE % _MINUTE}:{whole % _MINUTE:02d}"
    return minutes if whole < _HOUR else f"{whole // _HOUR}:{minutes:0>5}"


def _header(state: RunState, now: float, tick: int, look: Look) -> Line:
    progress = state.progress.get(state.stage) if state.stage is not None else None
    downloads = state.transfers_left > 0
    facts: list[str] = []
    match state.stage:
        case Stage.RESOLVING:
            known = progress.total if progress is not None else None
            title, count = "Resolving", _counted(known, "project") if known else ""
        case Stage.FETCHING | Stage.UNPACKING | Stage.SAVING if downloads:
            title, count = "Downloading", f"{state.transfers_done} of {state.transfers_done + state.transfers_left}"
        case Stage.ASKING | Stage.FETCHING | Stage.UNPACKING | Stage.SAVING:
            title = "Unpacking" if state.stage == Stage.FETCHING else str(state.stage)
            count = f"{progress.done} of {progress.total}" if progress is not None else ""
        case Stage.BUILDING:
            title, count = "Building", _printable(progress.detail) if progress is not None else ""
        case Stage.COMPILING:
            title, count = "Compiling", _counted(progress.total, "file") if progress is not None else ""
        case Stage.INSTALLING:
            title, count = "Installing", _counted(progress.total, "distribution") if progress is not None else ""
        case _:
            title, count = "Working", ""
    if state.arrived_bytes and (downloads or state.stage == Stage.RESOLVING):
        facts += _speed(state, tells_left=state.stage != Stage.RESOLVING)
    spans = [(ACCENT, look.spinner[tick % len(look.spinner)]), (BOLD, f" {title} "), (PLAIN, count)]
    spans.append((PLAIN, "".join(look.dot + fact for fact in facts)))
    if now - state.started >= 1:
        spans.append((DIM, (look.dot if count or facts else "") + format_clock(now - state.started)))
    return spans


def _speed(state: RunState, *, tells_left: bool) -> list[str]:
    """Return how much is here, how fast it comes, and where the total is final, how long it will take."""
    received, wanted, rate = state.received_bytes, state.wanted_bytes, state.rate
    facts = [_of(received, wanted)]
    if rate:
        facts.append(" ".join(format_size(rate)) + "/s")
        if tells_left and wanted is not None and (left := (wanted - received) / rate) >= _LEAST_LEFT_SECONDS:
            facts.append(f"{format_clock(left)} left")
    return facts


def _of(received: int, wanted: int | None) -> str:
    """Return ``45.2/190 MB``; the first unit only where it is another one."""
    number, unit = format_size(received)
    if wanted is None:
        return f"{number} {unit}"
    total, total_unit = format_size(wanted)
    return f"{number}/{total} {unit}" if unit == total_unit else f"{number} {unit}/{total} {total_unit}"


def _transfer_line(transfer: Transfer, look: Look, columns: int) -> Line:
    title = _title(transfer)
    label_width = min(_LABEL_WIDTH, columns // 3)
    if len(title) > label_width:
        title = title[: label_width - 1] + look.ellipsis
    amount = _of(transfer.received_bytes, transfer.size_bytes)
    line = [(PLAIN, f"  {title:<{label_width}}  ")]
    bar = min(_BAR_WIDTH, columns - label_width - len("  " * 3) - len("999 MB/999 MB"))
    if transfer.size_bytes and bar >= _LEAST_BAR_WIDTH:
        full = min(bar, bar * transfer.received_bytes // transfer.size_bytes)
        line += [(ACCENT, look.bar_full * full), (DIM, look.bar_empty * (bar - full)), (PLAIN, "  ")]
    line.append((PLAIN, amount))
    return line


def _title(transfer: Transfer) -> str:
    """Return name and version of a wheel, of anything else its file name; an index may put escape codes into it."""
    label = transfer.label
    return _printable(" ".join(label.split("-")[:2]) if label.endswith(".whl") else label)


def _printable(text: str) -> str:
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text)


def _counted(count: int | None, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _text(line: Line, look: Look, columns: int | None) -> str:
    """Join the spans of a line, cut to ``columns``, with escape codes where there is colour."""
    done = []
    for style, text in line:
        shown = text if columns is None else text[:columns]
        if columns is not None:
            columns -= len(shown)
        done.append(f"\x1b[{style}m{shown}\x1b[0m" if look.color and style and shown else shown)
    return "".join(done)


def _can_encode(encoding: str) -> bool:
    try:
        "\u00b7\u2026\u2501\u2500\u280b\u2713".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
