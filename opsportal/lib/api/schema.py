"""What the OpenAPI schema says of every operation alike."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

ERROR_SCHEMA = {
    "type": "object",
    "description": "Every error of the portal's own API.",
    "required": ["code", "message", "errors"],
    "properties": {
        "code": {"type": "string", "description": "For programs: invalid, not_found, ..."},
        "message": {"type": "string", "description": "For people: what was wrong, what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "description": 'A dotted path; "": the whole.'},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
ERROR = {"$ref": "#/components/schemas/Error"}
# Of whatever is posted.
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key with the same body gets the first answer again.",
)
TOKEN_REUSED = OpenApiResponse(ERROR, "The Idempotency-Key was used with another body.")
_RESPONSES = {
    "400": ("Invalid", "The input is not valid; `errors` says where."),
    "401": ("NotAuthenticated", "No key, or one that is not (any longer) valid."),
    "403": ("Forbidden", "The key or person may not do this."),
    "404": ("NotFound", "There is no such thing."),
    "405": ("MethodNotAllowed", "The path does not know this method."),
    "406": ("NotAcceptable", "The answer is JSON."),
    "413": ("TooLarge", "The body is too large."),
    "415": ("UnsupportedMediaType", "Send application/json."),
    "429": ("RateLimited", "The key has spent its allowance; see Retry-After."),
    "503": ("Unavailable", "The database cannot be reached; see Retry-After."),
}
_ALWAYS = ("400", "401", "403", "405", "406", "429", "503")
_METHODS = ("get", "put", "post", "patch", "delete")


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": ERROR}}}


def add_errors(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: the shared error answers, where a view has none of its own."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = ERROR_SCHEMA
    responses = components.setdefault("responses", {})
    for status, (name, description) in _RESPONSES.items():
        responses[name] = _response(description)
        if status in ("429", "503"):
            responses[name]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    for path, item in result.get("paths", {}).items():
        for method in _METHODS:
            if method not in item:
                continue
            statuses = list(_ALWAYS)
            if "{" in path:
                statuses.append("404")
            if "requestBody" in item[method]:
                statuses += ["413", "415"]
            for status in statuses:
                reference = {"$ref": f"#/components/responses/{_RESPONSES[status][0]}"}
                item[method].setdefault("responses", {}).setdefault(status, reference)
    return result
