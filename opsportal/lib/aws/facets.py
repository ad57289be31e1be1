"""One facet of a resource: its value, none, or unknown."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from opsportal.lib.aws.errors import Gone, Unknown, says_gone, trouble_of

Answer = TypeVar("Answer")


def unless_gone(ask: Callable[[], Answer], gone: Collection[str]) -> Answer:
    """What `ask` answers. Raises Gone for the codes in `gone`, and all else as it comes."""
    try:
        return ask()
    except ClientError as error:
        if says_gone(error, gone):
            raise Gone(str(error)) from error
        raise


def facet(
    ask: Callable[[], Any],
    *,
    action: str,
    absent: Collection[str] = (),
    gone: Collection[str] = (),
) -> Any:
    """What `ask` answers; None for the codes in `absent`, which are documented to mean none.

    Raises Gone for the codes in `gone`: then the resource itself is not there. All other errors
    are `Unknown`, with the permission that may be missing (`action`, such as
    "s3:GetBucketPolicy").
    """
    try:
        return ask()
    except ClientError as error:
        if says_gone(error, absent):
            return None
        if says_gone(error, gone):
            raise Gone(str(error)) from error
        trouble = trouble_of(error)
    except (BotoCoreError, ResponseParserError) as error:
        trouble = trouble_of(error)
    return Unknown(trouble.code, trouble.message, action)
