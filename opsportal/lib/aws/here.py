"""Whether the cloud is one of this machine, such as the demo's."""

from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_QUICK = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})


def is_here(region: str) -> bool:
    """Whether the environment's cloud is one of this machine, and answers."""
    client = boto3.client("sts", region_name=region, config=_QUICK)
    if urlsplit(client.meta.endpoint_url).hostname != "127.0.0.1":
        return False
    try:
        client.get_caller_identity()
    except (BotoCoreError, ClientError):
        return False
    return True
