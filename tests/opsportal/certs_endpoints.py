"""Those of certificates."""

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
CERTS = [*SOURCES, *INVENTORY]
