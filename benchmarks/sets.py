"""What is installed, as data: sets of real requirements, and sets of generated distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TESTING = "pytest pytest-cov pytest-asyncio pytest-xdist hypothesis mypy ruff black coverage tox pre-commit sphinx"
_WEB = "flask requests httpx sqlalchemy pydantic fastapi uvicorn"
_DATA = "numpy pandas scipy matplotlib jupyterlab"


@dataclass(frozen=True, slots=True)
class Generated:
    """Distributions that `generated.py` makes: each requires two more, so that the first leads to all."""

    distributions: int
    files: int
    """In each of them, beside its dist-info."""

    @property
    def first(self) -> str:
        """The requirement that leads to all."""
        return project_name(0)


def project_name(number: int) -> str:
    """Return the name of a generated project."""
    return f"bench-{number:05}"


GROWING_DISTRIBUTIONS = (10, 30, 100, 300, 500, 1000, 2000, 5000)
GROWING_FILES = (1, 10, 100, 1000, 10_000, 100_000)

GENERATED: Mapping[str, Generated] = {
    "small-files": Generated(1, 10_000),
    **{f"dists-{count}": Generated(count, 10) for count in GROWING_DISTRIBUTIONS},
    **{f"files-{count}": Generated(1, count) for count in GROWING_FILES},
}
"""Each has an index of its own, made on this machine when it is first asked for."""

RECORDED: Mapping[str, tuple[str, ...]] = {
    "heavy26": tuple(f"{_TESTING} {_WEB} {_DATA} django celery".split()),
    "heavy27": tuple(f"{_TESTING} {_WEB} {_DATA} boto3 django celery".split()),
    "web": tuple(f"{_WEB} django celery gunicorn redis".split()),
    "data": tuple(_DATA.split()),
    "jupyter": ("jupyter",),
    "one": ("requests",),
    "huge": ("onnxruntime-gpu",),
}
"""`heavy27` is `heavy26` and boto3, which makes resolvers backtrack; `huge` is a wheel of 256 MB and what it needs."""

SETS: Mapping[str, tuple[str, ...]] = {**RECORDED, **{name: (shape.first,) for name, shape in GENERATED.items()}}
"""Requirements by set."""
DEFAULT_SETS = ("heavy26", "one")
ALL_SETS = (*(name for name in RECORDED if name != "heavy27"), "small-files")
"""What `make bench` measures."""
