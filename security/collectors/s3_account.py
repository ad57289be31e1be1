"""What holds for all buckets of an account: its block of public access.

Source: GetPublicAccessBlock in the Amazon S3 Control API reference.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from opsportal.lib.aws import Access, facet
from security.collectors import Call, Collector
from security.collectors.casing import snake_case
from security.normalise import Found, Shape

# CloudTrail names no account in the call's parameters but in the record itself.
_ACCOUNT = ("recipientAccountId",)


class S3Account(Collector):
    """The account's settings of S3; its resource id is the account's."""

    slug = "aws.s3.account"
    label = "S3 account settings"
    noun = "S3 account settings"
    service = "s3"
    regional = False
    interval = timedelta(minutes=15)
    shape = Shape(operational=())
    actions = ("s3:GetAccountPublicAccessBlock",)
    event_source = "s3"
    calls = (
        Call("PutAccountPublicAccessBlock", _ACCOUNT),
        Call("DeleteAccountPublicAccessBlock", _ACCOUNT),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """The one there is."""
        yield [cls.fetch(access, access.account_id)]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """The one there is."""
        return Found(
            resource_id=access.account_id,
            arn=f"arn:{access.partition}:s3:::account/{access.account_id}",
            name=f"S3 in {access.account_id}",
            config={
                "public_access_block": facet(
                    lambda: snake_case(
                        access.client("s3control").get_public_access_block(
                            AccountId=access.account_id
                        )["PublicAccessBlockConfiguration"]
                    ),
                    action="s3:GetAccountPublicAccessBlock",
                    absent=("NoSuchPublicAccessBlockConfiguration",),
                )
            },
        )
