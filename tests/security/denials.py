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
