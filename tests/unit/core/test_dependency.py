from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from asyncpip.core.dependency import InvalidDependencyError, MarkerEvaluator, parse_dependency, specifier_of
from tests.support.memory_index import MARKERS

LINES = [
    "a",
    "a>=1",
    "a >=1, <2",
    "a (>=1.0,<2)",
    "A.b_C[x]",
    "a[Security, tests]>=2.8.1,==2.8.*",
    "a[ x ,y ]",
    "a ; python_version < '2.7'",
    'a>=1; extra == "X_y"',
    "a; extra == 'x' and python_version >= '3.9'",
    'a; (python_version < "3.9") and extra == "x"',
    'a; (python_version < "3.9" or extra == "x") and os_name == "posix"',
    'a; python_version < "3.9" or extra == "x" and sys_platform == "linux"',
    'a; extra != "x"',
    'a; "linux" in sys_platform',
    "a; python_version in '3.10, 3.11'",
    'a; python_full_version >= "3.11.0" and platform_python_implementation == "CPython"',
    'a; platform_machine == "x86_64" or platform_machine == "and or"',
    'a; os.name == "posix"',
    "a @ https://host.example/a-1.0-py3-none-any.whl",
    'a[x] @ git+https://host.example/a.git@v1 ; python_version > "3"',
    "a===1.0-custom",
    "a~=1.2.3",
    "a!=1.*",
    "a>=1.0rc1",
]
EXTRAS = [(), ("x",), ("x-y",), ("y", "x")]


@pytest.mark.parametrize("line", LINES)
def test_reads_what_packaging_reads(line: str) -> None:
    dependency = parse_dependency(line)
    requirement = Requirement(line)
    assert dependency.raw_name == requirement.name
    assert set(dependency.extras) == {extra.lower().replace("_", "-") for extra in requirement.extras}
    assert specifier_of(dependency.specifier_text) == requirement.specifier
    assert dependency.url == requirement.url
    assert Requirement(str(dependency)) == requirement


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("extras", EXTRAS)
def test_applies_as_packaging_says(line: str, extras: tuple[str, ...]) -> None:
    marker = Requirement(line).marker
    expected = marker is None or any(marker.evaluate({**MARKERS, "extra": extra}) for extra in extras or ("",))
    evaluator = MarkerEvaluator(MARKERS)
    assert evaluator.applies(parse_dependency(line), extras) is expected
    assert evaluator.applies(parse_dependency(line), extras) is expected, "remembered answers are the same"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-a",
        "a b",
        "a 1.0",
        "a=1",
        "a>=",
        "a>=1.0.dev.x",
        "a[x",
        "a[x y]",
        "a;",
        "a; python_version",
        "a; nonsense == '1'",
        "a; extra == x",
        "a (>=1",
        "a>=1)",
        "a @",
        "a; python_version < '3' and",
    ],
)
def test_refuses_what_packaging_refuses(line: str) -> None:
    with pytest.raises(ValueError, match=r".") as theirs:
        Requirement(line)
    with pytest.raises(InvalidDependencyError) as ours:
        parse_dependency(line)
    assert str(ours.value) == str(theirs.value)


def test_target_decides_not_the_running_interpreter() -> None:
    evaluator = MarkerEvaluator({**MARKERS, "sys_platform": "win32", "python_version": "3.8"})
    assert evaluator.applies(parse_dependency('a; sys_platform == "win32" and python_version < "3.9"'))


def test_comparison_without_meaning_is_refused() -> None:
    with pytest.raises(InvalidDependencyError, match="os_name"):
        MarkerEvaluator(MARKERS).applies(parse_dependency('a; os_name ~= "posix"'))
