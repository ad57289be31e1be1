"""Those of configurations and their history."""

from tests.opsportal.endpoint import Endpoint

READ, WRITE = "security:read", "security:write"
_ROOT = "api/v1/security"


def _of_one(noun: str, part: str, method: str, scope: str) -> Endpoint:
    return Endpoint(
        f"{_ROOT}/{noun}s/<str:{noun}_id>{part}",
        method,
        scope,
        found=f"{_ROOT}/{noun}s/1{part}",
        unknown=f"/{_ROOT}/{noun}s/999999{part}",
    )


HISTORY = [
    *(
        Endpoint(f"{_ROOT}/{noun}", "get", READ)
        for noun in (
            "resources", "resources.csv", "resources.jsonl", "revisions", "revisions.csv",
            "revisions.jsonl", "diff", "addresses",
        )
    ),
    _of_one("resource", "", "get", READ),
    _of_one("resource", "/revisions", "get", READ),
    _of_one("resource", "/comments", "get", READ),
    _of_one("resource", "/comments", "post", WRITE),
    _of_one("revision", "", "get", READ),
    Endpoint(f"{_ROOT}/reviews", "post", WRITE),
]  # fmt: skip
