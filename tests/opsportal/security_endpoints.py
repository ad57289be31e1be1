"""Those of the cloud's configuration."""

from tests.opsportal.endpoint import Endpoint

READ, WRITE = "security:read", "security:write"
_ACCOUNT = "api/v1/security/accounts"
_ONE = f"{_ACCOUNT}/<str:account_id>"


def _of_account(noun: str, method: str, scope: str) -> Endpoint:
    return Endpoint(
        f"{_ONE}{noun}",
        method,
        scope,
        found=f"{_ACCOUNT}/123456789012{noun}",
        unknown=f"/{_ACCOUNT}/000000000000{noun}",
    )


def _one(noun: str, place: str, method: str, scope: str, deed: str = "") -> Endpoint:
    return Endpoint(
        f"api/v1/security/{noun}/<str:{place}>{deed}",
        method,
        scope,
        found=f"api/v1/security/{noun}/1{deed}",
        unknown=f"/api/v1/security/{noun}/999999{deed}",
    )


_FINDINGS = [
    *(
        Endpoint(f"api/v1/security/{noun}", "get", READ)
        for noun in (
            "findings", "findings.csv", "findings.jsonl", "checks", "acceptances", "overrides",
        )
    ),
    _one("findings", "finding_id", "get", READ),
    Endpoint("api/v1/security/acceptances", "post", WRITE),
    _one("acceptances", "acceptance_id", "get", READ),
    _one("acceptances", "acceptance_id", "delete", WRITE),
    _one("acceptances", "acceptance_id", "post", WRITE, "/approve"),
]  # fmt: skip

SECURITY = [
    *_FINDINGS,
    Endpoint(_ACCOUNT, "get", READ),
    _of_account("", "get", READ),
    _of_account("/policy", "get", READ),
    _of_account("/test", "post", WRITE),
    Endpoint("api/v1/security/scopes", "get", READ),
    Endpoint("api/v1/security/collections", "get", READ),
    Endpoint("api/v1/security/errors", "get", READ),
    Endpoint("api/v1/security/collect", "post", WRITE),
    Endpoint("api/v1/security/activity", "get", READ),
    Endpoint("api/v1/security/unannounced", "get", READ),
    Endpoint(
        "api/v1/security/revisions/<str:revision_id>/causes",
        "get",
        READ,
        found="api/v1/security/revisions/1/causes",
        unknown="/api/v1/security/revisions/999999/causes",
    ),
]
