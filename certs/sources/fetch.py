"""Requests of sources, through the guarded client; what goes wrong is a SourceError."""

from collections.abc import Mapping
from typing import Any

import msgspec

from certs.sources.source import Option, SourceError
from opsportal.lib.errors import DeliveryError, FieldError, PayloadError
from opsportal.lib.http import Answer, check_url, send_request

# Of one answer, and of one request from name to last byte.
MOST_BYTES, TIMEOUT = 64 * 1_048_576, 60.0
CA = Option(
    "ca", "Authorities", kind="document",
    help="PEM of the authorities that its own certificate comes from; empty: the machine's.",
)  # fmt: skip


class RefusedError(SourceError):
    """The other side answered, and not with 200."""

    def __init__(self, answer: Answer) -> None:
        said = " ".join(answer.body[:300].decode(errors="replace").split())
        super().__init__(f"It answered {answer.status}: {said}"[:500])
        self.status, self.body = answer.status, answer.body


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    roots: str = "",
    most: int = MOST_BYTES,
) -> Answer:
    """The answer, with status 200. Raises RefusedError, SourceError."""
    try:
        answer = send_request(
            method, url, headers=headers or {}, timeout=TIMEOUT, max_bytes=most, roots=roots
        )
    except DeliveryError as error:
        raise SourceError(error.message) from error
    if answer.status != 200:
        raise RefusedError(answer)
    if answer.truncated:
        raise SourceError(f"It answered more than {most} bytes.")
    return answer


def fetch_json(url: str, **options: Any) -> Any:
    """The JSON of the answer. Raises RefusedError, SourceError."""
    answer = fetch(url, **options)
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SourceError(f"It answered something that is no JSON: {error}"[:300]) from error


def base_url(options: Mapping[str, Any]) -> str:
    """Of its API, without a slash at the end."""
    return str(options.get("url") or "").rstrip("/")


def check_base(options: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the URL and the authorities."""
    wrong = []
    try:
        check_url(base_url(options))
        if "?" in base_url(options) or "#" in base_url(options):
            wrong.append(FieldError("url", "has a query, which is no part of it"))
    except PayloadError as error:
        wrong.append(FieldError("url", error.message))
    ca = str(options.get("ca") or "")
    if ca and "-----BEGIN CERTIFICATE-----" not in ca:
        wrong.append(FieldError("ca", "is no PEM of certificates"))
    return wrong
