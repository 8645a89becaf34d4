from __future__ import annotations

import platform
import re
import sys

from asyncpip.net.host_facts import current_user_agent, read_host_facts
from asyncpip.version import VERSION


def test_facts_of_this_interpreter() -> None:
    facts = read_host_facts({"CI": "true", "PIP_USER_AGENT_USER_DATA": "me"})
    assert facts.python_version == platform.python_version()
    assert facts.system == platform.system()
    assert facts.openssl_version.startswith(("OpenSSL", "LibreSSL"))
    assert facts.in_ci
    assert facts.user_data == "me"
    if sys.implementation.name == "cpython":
        assert facts.implementation_version == facts.python_version


def test_the_header_is_one_line() -> None:
    text = current_user_agent({})
    assert re.fullmatch(rf"asyncpip/{re.escape(VERSION)} \{{.*\}}", text)
    assert text.isprintable()
