"""Those of certificates."""

from tests.opsportal.certs_lifecycle_endpoints import LIFECYCLE
from tests.opsportal.endpoint import Endpoint

READ, WRITE = "certs:read", "certs:write"


def _of_source(noun: str, method: str, scope: str) -> Endpoint:
    return Endpoint(
        f"api/v1/certs/sources/<str:source_id>{noun}",
        method,
        scope,
        found=f"api/v1/certs/sources/1{noun}",
        unknown=f"/api/v1/certs/sources/999999{noun}",
    )


SOURCES = [
    Endpoint("api/v1/certs/sources", "get", READ),
    Endpoint("api/v1/certs/sources", "post", WRITE),
    _of_source("", "get", READ),
    _of_source("", "patch", WRITE),
    _of_source("", "delete", WRITE),
    _of_source("/runs", "get", READ),
    _of_source("/troubles", "get", READ),
    _of_source("/run", "post", WRITE),
    _of_source("/confirm", "post", WRITE),
    Endpoint("api/v1/certs/ct", "post", WRITE),
    Endpoint(
        "api/v1/certs/certificates/<str:certificate_id>/vouch",
        "post",
        WRITE,
        found="api/v1/certs/certificates/1/vouch",
        unknown="/api/v1/certs/certificates/999999/vouch",
    ),
]


def _one(noun: str, place: str, method: str, scope: str, deed: str = "") -> Endpoint:
    return Endpoint(
        f"api/v1/certs/{noun}/<str:{place}>{deed}",
        method,
        scope,
        found=f"api/v1/certs/{noun}/1{deed}",
        unknown=f"/api/v1/certs/{noun}/999999{deed}",
    )


CERT_ENDPOINTS = [
    # A body that says no host: nothing is connected to.
    Endpoint("api/v1/certs/check", "post", WRITE),
    Endpoint("api/v1/certs/endpoints", "get", READ),
    Endpoint("api/v1/certs/endpoints", "post", WRITE),
    _one("endpoints", "endpoint_id", "get", READ),
    _one("endpoints", "endpoint_id", "patch", WRITE),
    _one("endpoints", "endpoint_id", "delete", WRITE),
    _one("endpoints", "endpoint_id", "get", READ, "/observations"),
    _one("endpoints", "endpoint_id", "post", WRITE, "/probe"),
    Endpoint("api/v1/certs/domains", "get", READ),
    Endpoint("api/v1/certs/proposals", "get", READ),
    _one("proposals", "proposal_id", "post", WRITE, "/accept"),
    _one("proposals", "proposal_id", "post", WRITE, "/refuse"),
]

INVENTORY = [
    *(
        Endpoint(f"api/v1/certs/{noun}", "get", READ)
        for noun in (
            "certificates", "certificates.csv", "certificates.jsonl", "summary", "findings",
            "calendar.ics",
        )
    ),
    *(
        Endpoint(
            f"api/v1/certs/certificates/<str:certificate_id>{noun}",
            "get",
            READ,
            found=f"api/v1/certs/certificates/1{noun}",
            unknown=f"/api/v1/certs/certificates/999999{noun}",
        )
        for noun in ("", "/pem")
    ),
]  # fmt: skip
CERTS = [
    Endpoint("api/v1/certs", "post", WRITE),
    Endpoint("api/v1/certs/trust-stores", "get", READ),
    *SOURCES,
    *LIFECYCLE,
    *INVENTORY,
    *CERT_ENDPOINTS,
]
