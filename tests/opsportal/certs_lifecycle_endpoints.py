"""Those of policies, and of what is done with a certificate."""

from tests.opsportal.endpoint import Endpoint

READ, WRITE = "certs:read", "certs:write"


def _one(noun: str, place: str, deed: str, method: str, scope: str) -> Endpoint:
    return Endpoint(
        f"api/v1/certs/{noun}/<str:{place}>{deed}",
        method,
        scope,
        found=f"api/v1/certs/{noun}/1{deed}",
        unknown=f"/api/v1/certs/{noun}/999999{deed}",
    )


LIFECYCLE = [
    *(
        Endpoint(f"api/v1/certs/{noun}", method, scope)
        for noun in ("policies", "owner-rules")
        for method, scope in (("get", READ), ("post", WRITE))
    ),
    *(
        _one(noun, place, "", method, scope)
        for noun, place in (("policies", "policy_id"), ("owner-rules", "rule_id"))
        for method, scope in (("get", READ), ("patch", WRITE), ("delete", WRITE))
    ),
    _one("certificates", "certificate_id", "/explain", "get", READ),
    *(
        _one("certificates", "certificate_id", f"/{deed}", method, WRITE)
        for deed in ("retired", "owner", "replacement")
        for method in ("post", "delete")
    ),
]
