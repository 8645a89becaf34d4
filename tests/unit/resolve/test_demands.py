from __future__ import annotations

import pytest

from asyncpip.core.dependency import MarkerEvaluator, parse_dependency
from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import DirectKind, DirectReference, Origin
from asyncpip.resolve.demands import describe, direct_requirement, gather_demands, same_source
from asyncpip.resolve.requirement_text import PathKind, parse_requirement_text
from tests.support.memory_index import MARKERS, user

WHEEL = "https://host.example/p-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (WHEEL, DirectKind.WHEEL),
        (f"{WHEEL}#sha256={'a' * 64}", DirectKind.WHEEL),
        ("https://host.example/p-1.0.tar.gz", DirectKind.SDIST),
        ("https://host.example/archive/main", DirectKind.SDIST),
        ("git+https://host.example/p.git@v1", DirectKind.VCS),
        ("file:///src/p", DirectKind.DIRECTORY),
        ("file:///src/p.zip", DirectKind.SDIST),
    ],
)
def test_dependency_by_url(url: str, kind: DirectKind) -> None:
    requirement = direct_requirement(parse_dependency(f'p[x] @ {url} ; os_name == "posix"'))
    assert requirement.direct is not None
    assert requirement.name == "p"
    assert requirement.extras == {"x"}
    assert (requirement.direct.kind, requirement.direct.url) == (kind, url)
    assert bool(requirement.direct.hashes) is ("sha256" in url)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (WHEEL, WHEEL, True),
        (WHEEL, f"{WHEEL}#sha256=abc", True),
        ("https://me:pw@host.example/p-1.0.tar.gz", "https://host.example/p-1.0.tar.gz", True),
        ("git+https://host.example/p@a", "git+https://host.example/p@b", False),
        (WHEEL, "https://other.example/p-1.0-py3-none-any.whl", False),
    ],
)
def test_same_source(one: str, other: str, is_same: bool) -> None:
    references = [DirectReference(url=url, kind=DirectKind.WHEEL) for url in (one, other)]
    assert same_source(*references) is is_same


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Flask[B,a] >=1,<2", "Flask[a,b]<2,>=1"),
        ('flask; os_name=="posix"', "flask"),
        ("p @ https://me:secret@host.example/p.zip", "p @ https://me:****@host.example/p.zip"),
        (f"p[x] @ {WHEEL}", f"p[x] @ {WHEEL}"),
    ],
)
def test_description(text: str, shown: str) -> None:
    assert describe(user(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [(WHEEL, "p==1.0"), ("https://me:secret@host.example/p.zip", "https://me:****@host.example/p.zip")],
)
def test_description_of_a_bare_url(text: str, shown: str) -> None:
    requirement = parse_requirement_text(text, origin=Origin(), cwd="/", exists=lambda _: PathKind.MISSING)
    assert describe(requirement) == shown


def test_what_holds_is_gathered() -> None:
    one, other = (AllowedHashes.of([("sha256", letter * 64), ("sha256", "c" * 64)]) for letter in "ab")
    demands = gather_demands(
        [user("p>=1", hashes=one), user('q; os_name == "nt"')],
        [user("p<3", hashes=other), user("p!=2"), user('p<1; os_name == "nt"')],
        [user("r==1"), user('r==2; os_name == "nt"')],
        MarkerEvaluator(MARKERS),
    )
    name = normalize_name("p")
    assert [each.name for each in demands.requirements] == ["p"]
    assert [each.name for each in demands.ignored] == ["q"]
    assert str(demands.constraint(name).specifier) == "!=2,<3"
    assert demands.hashes_of(name) == AllowedHashes.of([("sha256", "c" * 64)])
    assert [str(each.specifier) for each in demands.overrides[normalize_name("r")]] == ["==1"]
    assert not demands.constraint(normalize_name("q")).members
