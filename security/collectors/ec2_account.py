"""What an account has decided for all of EC2 in a region.

Source: GetEbsEncryptionByDefault, GetEbsDefaultKmsKeyId, GetSnapshotBlockPublicAccessState,
GetImageBlockPublicAccessState and GetInstanceMetadataDefaults in the Amazon EC2 API reference.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access, facet
from security.collectors import Call, Collector
from security.normalise import Found, Shape

_METADATA = {
    "tokens": "HttpTokens",
    "hop_limit": "HttpPutResponseHopLimit",
    "endpoint": "HttpEndpoint",
    "tags": "InstanceMetadataTags",
    "tokens_enforced": "HttpTokensEnforced",
}
_WHO = ("recipientAccountId",)


class Ec2Account(Collector):
    """Defaults and blocks of a region; its resource id is the account's."""

    slug = "aws.ec2.account"
    label = "EC2 of accounts"
    noun = "account's EC2"
    service = "ec2"
    interval = timedelta(hours=1)
    shape = Shape()
    actions = (
        "ec2:GetEbsEncryptionByDefault",
        "ec2:GetEbsDefaultKmsKeyId",
        "ec2:GetSnapshotBlockPublicAccessState",
        "ec2:GetImageBlockPublicAccessState",
        "ec2:GetInstanceMetadataDefaults",
    )
    event_source = "ec2"
    calls = tuple(
        Call(name, _WHO)
        for name in (
            "EnableEbsEncryptionByDefault", "DisableEbsEncryptionByDefault",
            "ModifyEbsDefaultKmsKeyId", "ResetEbsDefaultKmsKeyId",
            "EnableSnapshotBlockPublicAccess", "DisableSnapshotBlockPublicAccess",
            "EnableImageBlockPublicAccess", "DisableImageBlockPublicAccess",
            "ModifyInstanceMetadataDefaults",
        )
    )  # fmt: skip

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """The one."""
        yield [cls.fetch(access, access.account_id)]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """The one."""
        ec2 = access.client("ec2")

        def ask(method: Any, key: str, action: str) -> Any:
            return facet(lambda: method().get(key), action=f"ec2:{action}")

        return Found(
            resource_id=access.account_id,
            arn=f"arn:{access.partition}:iam::{access.account_id}:root",
            name=f"EC2 in {access.region}",
            config={
                "ebs_encryption": ask(
                    ec2.get_ebs_encryption_by_default,
                    "EbsEncryptionByDefault",
                    "GetEbsEncryptionByDefault",
                ),
                "ebs_key": ask(ec2.get_ebs_default_kms_key_id, "KmsKeyId", "GetEbsDefaultKmsKeyId"),
                "snapshot_block": ask(
                    ec2.get_snapshot_block_public_access_state,
                    "State",
                    "GetSnapshotBlockPublicAccessState",
                ),
                "image_block": ask(
                    ec2.get_image_block_public_access_state,
                    "ImageBlockPublicAccessState",
                    "GetImageBlockPublicAccessState",
                ),
                "metadata_defaults": facet(
                    lambda: _defaults(ec2.get_instance_metadata_defaults()),
                    action="ec2:GetInstanceMetadataDefaults",
                ),
            },
        )


def _defaults(answer: Any) -> dict[str, Any]:
    row = answer.get("AccountLevel") or {}
    return {ours: row.get(theirs) for ours, theirs in _METADATA.items()}
