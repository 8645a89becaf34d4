from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from benchmarks.growth import CURVES, Growth, exponent_of, growth_sections, plot_of
from benchmarks.measurements import Summary
from benchmarks.report import join_subsections, split_sections
from benchmarks.scenarios import LANES
from benchmarks.sets import GENERATED


def summary(cpu: float) -> Summary:
    return Summary(
        runs=1,
        wall_seconds=cpu / 2,
        fastest_seconds=cpu / 2,
        cpu_seconds=cpu,
        peak_bytes=1 << 20,
        requests=3,
        ratio=None,
    )


def test_curves_are_over_sets_and_lanes_that_exist() -> None:
    for curve in CURVES.values():
        assert curve.lane in LANES
        assert {f"{curve.kind}-{size}" for size in curve.sizes} <= GENERATED.keys()


@pytest.mark.parametrize(
    ("costs", "exponent"),
    [((1, 2, 11), 1.0), ((1, 2, 101), 2.0), ((1, 1.001, 1.002), None), ((1, 2), None)],
)
def test_exponent_of_the_last_step(costs: tuple[float, ...], exponent: float | None) -> None:
    found = exponent_of([(10**place, summary(cost)) for place, cost in enumerate(costs)])
    assert found == (None if exponent is None else pytest.approx(exponent))


def test_curves_as_sections_with_plots() -> None:
    points = {10: {"uv": summary(0.5), "asyncpip": summary(1.0)}, 100: {"asyncpip": summary(2.8)}}
    growth = Growth(setting={"date": "today"}, versions={"uv": "1"}, curves={"cold": points})
    growth.differences["cold 100"] = ["asyncpip: a"]
    sections = growth_sections(growth)
    assert "|  | asyncpip | 0.500 s | 1.00 s |  | 1 MiB | 3 |" in sections["cold"]
    assert "| 100 | asyncpip | 1.400 s | 2.80 s | 20.000 ms | 1 MiB | 3 |" in sections["cold"]
    assert "Different at cold 100: asyncpip: a." in sections["cold"]
    assert split_sections(join_subsections(sections), "### ") == sections
    picture = ET.fromstring(plot_of("cold", points))  # noqa: S314 - our own text
    assert len([element for element in picture if element.tag.endswith("polyline")]) == 3
