"""Requirement sets that resolvers have found hard, and impossible ones, as data; `resolutions.py` runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.sets import SETS

if TYPE_CHECKING:
    from collections.abc import Mapping

_SENTRY = """
    celery>=5.3.6,<5.5 click>=8.1.7 confluent-kafka>=2.1.1 cryptography>=38.0.3 django>=5.1,<5.2
    djangorestframework>=3.15.2 drf-spectacular>=0.26.3 email-reply-parser>=0.5.12 fido2>=0.9.2,<2
    google-cloud-bigtable>=2.11.3 google-cloud-core>=2.3.2 google-cloud-kms>=2.19.1 google-cloud-pubsub>=2.13.6
    google-cloud-spanner>=3.20.0 google-cloud-storage>=2.5.0 googleapis-common-protos>=1.57.0 google-auth<2.30
    grpcio>=1.59.0,<1.66 jsonschema>=4.20.0 lxml>=4.9.3 msgpack>=1.0.7 packaging>=24.1 phonenumberslite>=8.12.32
    Pillow>=10.2.0 protobuf>=5.26.1,<6 psycopg2-binary>=2.9.9 PyJWT>=2.4.0 pydantic>=1.10.9 pymemcache
    python-dateutil>=2.9.0 PyYAML>=6.0.1 redis>=4.5.4,<5 requests-oauthlib>=1.2.0 requests>=2.32.3
    rfc3339-validator>=0.1.2 sentry-sdk[http2]>=2.18.0 slack-sdk>=3.27.2 sqlparse>=0.5.0 stripe>=5,<6
    structlog>=22.1.0 symbolic>=12.1.0 urllib3[brotli]>=2.2.2 botocore<1.35 boto3>=1.34 zstandard>=0.18.0
    opentelemetry-exporter-otlp<1.28 opentelemetry-sdk
"""
"""After the base requirements of the Sentry server in 2024: many bounds, gRPC and Google libraries, botocore capped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to resolvers; Python 3.11, empty target."""

    requirements: tuple[str, ...]
    has_answer: bool = True
    wheels_only: bool = True
    """Whether every tool is told `--only-binary :all:`: else versions of long ago are built to learn what they need."""


def _case(requirements: str, *, has_answer: bool = True, wheels_only: bool = True) -> Case:
    return Case(requirements=tuple(requirements.split()), has_answer=has_answer, wheels_only=wheels_only)


CASES: Mapping[str, Case] = {
    "heavy26": Case(requirements=SETS["heavy26"]),
    "heavy27": Case(requirements=SETS["heavy27"]),
    "boto3-urllib3": _case("boto3 urllib3<1.25.4"),
    "airflow": _case("apache-airflow[celery,postgres,amazon,google]"),
    "beam": _case("apache-beam[gcp] dill>=0.3.6", wheels_only=False),
    "sentry": _case(_SENTRY),
    "fastapi-starlette": _case("starlette<=0.36 fastapi>=0.100"),
    "numba-numpy": _case("numba numpy"),
    "transformers": _case("transformers[torch] accelerate datasets"),
    "jupyterlab-notebook": _case("jupyterlab notebook<7 traitlets<5.2"),
    "no-direct": _case("flask==3.1.0 werkzeug<3", has_answer=False),
    "no-transitive": _case("requests==2.32.3 boto3>=1.30,<1.34 urllib3>=2.1", has_answer=False),
    "no-python": _case("numpy>=2.5 pandas", has_answer=False),
    "no-extra": _case("uvicorn[standard]==0.30.0 websockets<10", has_answer=False),
}
