"""Changing one value of a configuration file changes nothing else that `configparser` reads, and no comment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncpip.environment.configuration import parse_configuration
from asyncpip.environment.configuration_text import with_value, without_key
from asyncpip.errors import ConfigurationError

LINES = st.lists(
    st.sampled_from(
        (
            "[global]", "[install]", "[a b]", "x = 1", "Y: 2", "under_score=3", "  indented = 4", "empty =",
            "# comment", "    # indented comment", "; other", "", "    more", "\tmore = still", "--long = 5",
            "no sign", "z ==: 6",
        )
    ),
    max_size=12,
)  # fmt: skip
VALUES = st.sampled_from(("1", "", "a b", "a\nb", "# not a comment", "[global]", "x = y", "%(x)s", "ü"))


def read(text: str) -> dict[str, str] | None:
    """Return section and key to value; None where pip would not read ``text``."""
    try:
        return {f"{each.section}.{each.key}": each.value for each in parse_configuration(text, "x")}
    except ConfigurationError:
        return None


def comments(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip().startswith(("#", ";"))]


@given(lines=LINES, section=st.sampled_from(("global", "install", "new")), value=VALUES)
def test_set_and_unset(lines: list[str], section: str, value: str) -> None:
    text = "\n".join(lines)
    before = read(text)
    if before is None:
        return
    for key in ("x", "under-score", "new"):
        changed = with_value(text, section, key, value)
        expected = {**before, f"{section}.{key}": value.strip()}
        assert read(changed) == expected
        if not value.startswith("#"):
            assert comments(changed) == comments(text)
        without = without_key(changed, section, key)
        del expected[f"{section}.{key}"]
        assert read(without) == expected
