"""As whom the portal comes in, and what may be said of it."""

import re

from botocore.exceptions import BotoCoreError, ClientError

from opsportal.lib.aws.access import Access
from opsportal.lib.aws.errors import Trouble, trouble_of

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)
# AWS: 2 to 1224 characters of these.
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


def caller_of(access: Access) -> tuple[str, Trouble | None]:
    """The ARN of whoever calls with these credentials, or why that is not known."""
    try:
        return str(access.client("sts").get_caller_identity()["Arn"]), None
    except (ClientError, BotoCoreError) as error:
        return "", trouble_of(error)


def account_of(arn: str) -> str:
    """The twelve digits in an ARN; empty: none."""
    return arn.split(":")[4] if arn.count(":") >= 5 else ""


def is_region(name: object) -> bool:
    """Whether it looks like a region, such as eu-west-1."""
    return isinstance(name, str) and _REGION.fullmatch(name) is not None


def is_external_id(value: object) -> bool:
    """Whether it may be an external id of a role's trust policy."""
    return isinstance(value, str) and _EXTERNAL_ID.fullmatch(value) is not None
