"""AWS refuses, without a server that could."""

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError


def refusal(code: str = "AccessDenied", status: int = 403) -> ClientError:
    """The error of a call that is not allowed, or another."""
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetIt")


def deny(monkeypatch: pytest.MonkeyPatch, *operations: str, code: str = "AccessDenied") -> None:
    """AWS refuses these operations, such as "GetBucketPolicy", and answers all others."""
    ask = BaseClient._make_api_call

    def refused(self: Any, name: str, options: Any) -> Any:
        if name in operations:
            raise refusal(code)
        return ask(self, name, options)

    monkeypatch.setattr(BaseClient, "_make_api_call", refused)


def answer_only(monkeypatch: pytest.MonkeyPatch, operation: str, *pages: Any) -> list[Any]:
    """AWS answers that operation, page by page, and refuses all others; what it was asked."""
    asked: list[Any] = []
    left = list(pages)

    def answer(self: Any, name: str, options: Any) -> Any:
        if name != operation:
            raise refusal()
        asked.append(options)
        return left.pop(0)

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    return asked
