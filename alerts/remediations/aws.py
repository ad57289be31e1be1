"""Sessions and clients of AWS, in an account that the operator allows.

`AWS_ENDPOINT_URL` and the usual credentials of the environment are boto3's own business.
"""

import re
import threading
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings

from opsportal.safety.plugins import RefusedError

ACCOUNT = re.compile(r"\d{12}", re.ASCII)
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,512}", re.ASCII)
# Looks may be repeated; what changes something is sent once, and what is not heard is not known.
_LOOKS = Config(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
_ACTS = Config(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1}
)


# One, since it reads large descriptions of the services; making a client of it is not thread-safe.
_session = boto3.session.Session()
_making = threading.Lock()


def _client(service: str, config: Config, **options: str) -> Any:
    with _making:
        return _session.client(service, config=config, **options)


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials of one account in one region, both allowed."""

    number: str
    region: str
    credentials: dict[str, str]

    def look(self, service: str) -> Any:
        """A client for looking."""
        return self._client(service, _LOOKS)

    def act(self, service: str) -> Any:
        """A client that sends each call once."""
        return self._client(service, _ACTS)

    def _client(self, service: str, config: Config) -> Any:
        return _client(service, config, region_name=self.region, **self.credentials)


def open_account(number: str, region: str) -> Account:
    """The account of that number (empty: the portal's own). Raises RefusedError."""
    if region not in settings.REMEDIATE_REGIONS:
        allowed = ", ".join(settings.REMEDIATE_REGIONS) or "none"
        raise RefusedError(
            f"the region {region!r} is not allowed; OPSPORTAL_REMEDIATE_REGIONS allows {allowed}"
        )
    role = _roles().get(number)
    credentials = {}
    if role is not None:
        given = _client("sts", _LOOKS, region_name=region).assume_role(
            RoleArn=role, RoleSessionName="opsportal-remediation", DurationSeconds=900
        )["Credentials"]
        credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
    account = Account("", region, credentials)
    found = str(account.look("sts").get_caller_identity()["Account"])
    if number and found != number:
        raise RefusedError(
            f"the credentials are of account {found}, not {number}; "
            "OPSPORTAL_REMEDIATE_ROLES may name a role to assume there"
        )
    if found not in settings.REMEDIATE_ACCOUNTS:
        allowed = ", ".join(settings.REMEDIATE_ACCOUNTS) or "none"
        raise RefusedError(
            f"the account {found} is not allowed; OPSPORTAL_REMEDIATE_ACCOUNTS allows {allowed}"
        )
    return Account(found, region, credentials)


def _roles() -> dict[str, str]:
    roles = {}
    for arn in settings.REMEDIATE_ROLES:
        found = _ROLE.fullmatch(arn)
        if found is None:
            raise RefusedError(f"OPSPORTAL_REMEDIATE_ROLES: {arn!r} is no role's ARN")
        roles[found[1]] = arn
    return roles
