"""A line plot as SVG, both axes logarithmic: enough for how cost grows, and small enough to be kept in git."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT = 560, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 20, 34, 44
_COLOURS = ("#4063d8", "#389826", "#cb3c33", "#9558b2")
_STYLE = "font-family='sans-serif' font-size='12'"


def line_plot(title: str, across: str, up: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return an SVG picture of the points in ``lines``, by the names of the lines; all numbers are above 0."""
    points = [point for line in lines.values() for point in line]
    x_low, x_high = _decades([x for x, _ in points])
    y_low, y_high = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + (math.log10(x) - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - (math.log10(y) - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM),
        )

    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' {_STYLE}>",
        "<rect width='100%' height='100%' fill='white'/>",
        _text(_WIDTH / 2, 18, title, "middle"),
        _text(_WIDTH / 2, _HEIGHT - 8, across, "middle"),
        _text(8, _TOP - 10, up, "start"),
    ]
    for exponent in range(x_low, x_high + 1):
        x, bottom = place(10.0**exponent, 10.0**y_low)
        parts += [_line(x, _TOP, x, bottom), _text(x, bottom + 16, _number(exponent), "middle")]
    for exponent in range(y_low, y_high + 1):
        left, y = place(10.0**x_low, 10.0**exponent)
        parts += [_line(left, y, _WIDTH - _RIGHT, y), _text(left - 6, y + 4, _number(exponent), "end")]
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>" for x, y in placed]
        parts.append(_text(_LEFT + 12, _TOP + 16 * (number + 1), name, "start", colour))
    return "\n".join([*parts, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten between which all ``values`` are."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _number(exponent: int) -> str:
    return f"{10**exponent:,}" if exponent >= 0 else f"{10.0**exponent:.{-exponent}f}"


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='#ddd'/>"


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}'>{escape(text)}</text>"
