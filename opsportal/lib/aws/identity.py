"""As whom the portal comes in."""

from botocore.exceptions import BotoCoreError, ClientError

from opsportal.lib.aws.access import Access
from opsportal.lib.aws.errors import Trouble, trouble_of


def caller_of(access: Access) -> tuple[str, Trouble | None]:
    """The ARN of whoever calls with these credentials, or why that is not known."""
    try:
        return str(access.client("sts").get_caller_identity()["Arn"]), None
    except (ClientError, BotoCoreError) as error:
        return "", trouble_of(error)


def account_of(arn: str) -> str:
    """The twelve digits in an ARN; empty: none."""
    return arn.split(":")[4] if arn.count(":") >= 5 else ""
