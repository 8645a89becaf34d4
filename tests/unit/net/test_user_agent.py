from __future__ import annotations

import json

import pytest

from asyncpip.core.ci import looks_like_ci
from asyncpip.net.user_agent import HostFacts, format_user_agent

LEAST = HostFacts(python_version="3.11.7", implementation="CPython", implementation_version="3.11.7")


def told(facts: HostFacts) -> dict[str, object]:
    name, _, text = format_user_agent(facts, version="1.2").partition(" ")
    assert name == "asyncpip/1.2"
    data: dict[str, object] = json.loads(text)
    return data


def test_the_least_that_is_told() -> None:
    assert told(LEAST) == {
        "ci": None,
        "implementation": {"name": "CPython", "version": "3.11.7"},
        "installer": {"name": "asyncpip", "version": "1.2"},
        "python": "3.11.7",
    }


def test_all_that_is_told() -> None:
    facts = HostFacts(
        python_version="3.11.7",
        implementation="CPython",
        implementation_version="3.11.7",
        distribution={"name": "Debian GNU/Linux", "version": "12", "id": "bookworm", "empty": ""},
        libc=("glibc", "2.36"),
        system="Linux",
        release="6.1",
        machine="x86_64",
        openssl_version="OpenSSL 3.0.11",
        in_ci=True,
        user_data='a "quoted" text',
    )
    data = told(facts)
    assert data["distro"] == {
        "name": "Debian GNU/Linux",
        "version": "12",
        "id": "bookworm",
        "libc": {"lib": "glibc", "version": "2.36"},
    }
    assert data["system"] == {"name": "Linux", "release": "6.1"}
    assert data["cpu"] == "x86_64"
    assert data["openssl_version"] == "OpenSSL 3.0.11"
    assert data["ci"] is True
    assert data["user_data"] == 'a "quoted" text'


def test_keys_are_sorted_and_nothing_breaks_the_header() -> None:
    text = format_user_agent(
        HostFacts(python_version="3", implementation="x", implementation_version="1", user_data="a\r\nb\u00e4"),
        version="1",
    )
    assert text.isascii()
    assert text.isprintable()
    assert text.index('"ci"') < text.index('"implementation"') < text.index('"installer"') < text.index('"python"')


@pytest.mark.parametrize(
    ("environ", "expected"), [({"CI": ""}, True), ({"BUILD_ID": "1"}, True), ({"PIP_IS_CI": "1"}, True), ({}, False)]
)
def test_ci(environ: dict[str, str], expected: bool) -> None:
    assert looks_like_ci(environ) is expected
