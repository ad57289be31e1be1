"""Credentials of an account, and clients that read only.

`AWS_ENDPOINT_URL` and the usual credentials of the environment are boto3's own business. Clients
are kept, since making one costs more than most calls.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config
from botocore.model import OperationModel

from opsportal.lib.aws.meter import count_answer
from opsportal.lib.aws.pace import take_turn

SESSION_NAME = "opsportal"
# With our own pace most calls are not throttled at all; those that are wait and come again.
RETRIES = {"mode": "standard", "total_max_attempts": 10}
_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries=RETRIES, max_pool_connections=16
)  # fmt: skip
_IN_PATHS = _CONFIG.merge(Config(s3={"addressing_style": "path"}))
# What an operation's name begins with that changes nothing.
READS = ("Describe", "Get", "List", "Head", "Lookup", "BatchGet", "Search", "Select")
# Beside them: an own identity, a report about users that AWS makes, our own queue of events.
ALSO = frozenset({"AssumeRole", "GenerateCredentialReport", "ReceiveMessage", "DeleteMessageBatch"})
_MOST_CLIENTS = 600
# Without a region of its own a global service is asked here.
HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

_making = threading.Lock()
_clients: OrderedDict[tuple[str, ...], Any] = OrderedDict()
_credentials: dict[tuple[str, str], tuple[datetime, dict[str, str]]] = {}


class ChangesError(Exception):
    """Code of ours was about to change something in a cloud."""


class CloudRole(Protocol):
    """Whoever names an account of AWS, and how the portal gets in there."""

    @property
    def account_id(self) -> str:
        """Twelve digits."""

    @property
    def partition(self) -> str:
        """Such as "aws"."""

    @property
    def role_arn(self) -> str:
        """The role to assume; empty: the portal's own credentials are of this account."""

    @property
    def external_id(self) -> object:
        """What the role's trust policy asks for; empty: nothing."""

    @property
    def regions(self) -> Sequence[str]:
        """Of which the first is where STS is asked."""


@dataclass
class Access:
    """An account as the portal may see it, in one region (empty: global)."""

    account_id: str
    partition: str
    region: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """A client that refuses whatever is not a look; metered and paced."""
        region = self.region or HOME.get(self.partition, HOME["aws"])
        key = (self.credentials.get("aws_access_key_id", ""), self.account_id, region, service)
        with _making:
            client = _clients.get(key)
            if client is None:
                client = _made(service, region, self.account_id, self.credentials)
                _clients[key] = client
                if len(_clients) > _MOST_CLIENTS:
                    _clients.popitem(last=False)
            _clients.move_to_end(key)
        return client

    def pages(self, service: str, operation: str, key: str, **options: Any) -> Iterator[Any]:
        """The rows of every page of a listing, page by page as lists.

        `operation` is the method's name, such as "describe_security_groups".
        """
        for page in self.client(service).get_paginator(operation).paginate(**options):
            yield page.get(key, [])

    def rows(self, service: str, operation: str, key: str, **options: Any) -> Iterator[Any]:
        """The rows of every page."""
        for page in self.pages(service, operation, key, **options):
            yield from page


def open_access(account: CloudRole, region: str, *, now: datetime) -> Access:
    """Access to that account by its role, or by the portal's own credentials.

    Raises what boto3 raises where the role cannot be assumed.
    """
    credentials = _assumed(account, now) if account.role_arn else {}
    return Access(account.account_id, account.partition, region, credentials)


@cache
def _session() -> Any:
    """One, since it reads large descriptions of the services."""
    return boto3.session.Session()


def forget_credentials(account: CloudRole) -> None:
    """Assume the account's role anew the next time."""
    with _making:
        for key in [key for key in _credentials if key[0] == account.role_arn]:
            del _credentials[key]


def usual_regions() -> list[str]:
    """The region that boto3 finds for the portal itself, as a first guess."""
    region = _session().region_name
    return [region] if region else []


def forget_clients() -> None:
    """Begin anew: for tests, and where an account's access has changed."""
    with _making:
        _session.cache_clear()
        _clients.clear()
        _credentials.clear()


def _assumed(account: CloudRole, now: datetime) -> dict[str, str]:
    key = (account.role_arn, str(account.external_id or ""))
    with _making:
        known = _credentials.get(key)
    if known and known[0] - now > timedelta(minutes=10):
        return known[1]
    options = {"ExternalId": account.external_id} if account.external_id else {}
    region = (account.regions or [HOME.get(account.partition, HOME["aws"])])[0]
    sts = Access("", account.partition, region).client("sts")
    given = sts.assume_role(
        RoleArn=account.role_arn, RoleSessionName=SESSION_NAME, DurationSeconds=3600, **options
    )["Credentials"]
    credentials = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    with _making:
        _credentials[key] = (given["Expiration"], credentials)
    return credentials


def _made(service: str, region: str, account_id: str, credentials: Mapping[str, str]) -> Any:
    client = _session().client(service, region_name=region, config=_CONFIG, **credentials)
    events = client.meta.events
    pace = (account_id, region, service)
    events.register_first("before-parameter-build.*.*", _refuse_changes)
    events.register("before-send.*.*", lambda **_: take_turn(pace, time.monotonic()))
    events.register("response-received.*.*", count_answer)
    if service == "s3control" and not _is_amazons(client.meta.endpoint_url):
        events.register("before-call.s3-control", _without_account)
    return client


def _is_amazons(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _without_account(params: dict[str, Any], **_: Any) -> None:
    """botocore begins the host with the account's id; elsewhere no such name exists."""
    parts = urlsplit(params["url"])
    host = re.sub(r"\A[0-9]{12}\.", "", parts.netloc)
    params["url"] = urlunsplit(parts._replace(netloc=host))


def _refuse_changes(model: OperationModel, **_: Any) -> None:
    if not model.name.startswith(READS) and model.name not in ALSO:
        raise ChangesError(f"{model.name} is no look; the portal only looks")
