from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from asyncpip.core.names import normalize_name
from asyncpip.resolve.candidates import CandidateList
from asyncpip.resolve.version_order import order_key
from tests.support.memory_index import SELECTION, MemoryPage, wheel

pytestmark = pytest.mark.property

_small = st.integers(0, 3).map(str)
_texts = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "v", "1!"]),
        st.lists(_small, min_size=1, max_size=3).map(".".join),
        st.sampled_from(["", "", "a1", "b", ".rc2", "-alpha.0"]),
        st.sampled_from(["", "", ".post1", "-2", ".rev"]),
        st.sampled_from(["", "", ".dev0", "dev3"]),
        st.sampled_from(["", "", "+local", "+1", "+1.a", "+a.1"]),
    ),
)
_specifiers = st.lists(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from([">=", "<=", "<", ">", "==", "!=", "~="]),
            st.sampled_from(["1.0", "2.1", "1.0a1", "0.0", "3.0.post1", "1!1.0", "2.0.0.1"]),
        ),
    )
    | st.sampled_from(["==1.*", "==1.0.*", "==2.3.0.*", "!=1.*", "==1!0.*", "===1.0", "==1.0+local", "~=1!0.1"]),
    max_size=2,
).map(",".join)


@given(_texts, _texts)
@settings(max_examples=300, deadline=None)
def test_keys_order_like_versions(one: str, other: str) -> None:
    assert (order_key(one) < order_key(other)) is (Version(one) < Version(other))  # type: ignore[operator] # both are versions
    assert (order_key(one) == order_key(other)) is (Version(one) == Version(other))


@pytest.mark.parametrize("text", ["", "x", "1.x.y", "1..2", ".", "²", "1.0-", "٣"])
def test_what_is_no_version_has_no_key(text: str) -> None:
    assert order_key(text) is None


@given(st.lists(_texts, max_size=6, unique_by=Version), _specifiers)
@settings(max_examples=200, deadline=None)
def test_candidates_are_those_that_packaging_filters(texts: list[str], specifier_text: str) -> None:
    specifier = SpecifierSet(specifier_text)
    page = MemoryPage({text: [wheel("p", str(Version(text)))] for text in texts})
    ours = [
        each.version for each in CandidateList(normalize_name("p"), [page], SELECTION).candidates_matching(specifier)
    ]
    assert ours == list(specifier.filter(sorted(map(Version, texts), reverse=True)))
