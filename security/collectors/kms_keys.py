"""Keys of KMS: the customer's, and those that AWS keeps for its services.

Source: ListKeys, DescribeKey, GetKeyPolicy, GetKeyRotationStatus and ListGrants in the AWS KMS API
reference. Of grants only those count that a person could have made: services make and retire them
all day long for disks and databases.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet
from security.collectors import Call, Collector, found_in
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

# CloudTrail names the key by its ARN there, whatever the caller called it by.
_KEY = ("resources.*.ARN", "requestParameters.keyId")
_ALIAS = ("requestParameters.targetKeyId", *_KEY)
_BY_SERVICES = (".amazonaws.com", ":assumed-role/aws:", ":role/aws-service-role/")


class Keys(Collector):
    """Who may use a key, and what becomes of it."""

    slug = "aws.kms.key"
    label = "KMS keys"
    noun = "key"
    service = "kms"
    interval = timedelta(minutes=30)
    shape = Shape(
        sets=("aliases", "grants", "grants.*.operations"),
        policies=("policy",),
        operational=("tags", "aliases"),
        cosmetic=("key.description",),
        keys={"grants": ("grantee", "operations")},
    )
    actions = (
        "kms:ListKeys",
        "kms:ListAliases",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListGrants",
        "kms:ListResourceTags",
    )
    gone = ("NotFoundException",)
    event_source = "kms"
    calls = (
        Call("CreateKey", ("responseElements.keyMetadata.keyId", *_KEY)),
        Call("PutKeyPolicy", _KEY),
        Call("CreateGrant", _KEY),
        Call("RevokeGrant", _KEY),
        Call("EnableKey", _KEY),
        Call("DisableKey", _KEY),
        Call("EnableKeyRotation", _KEY),
        Call("DisableKeyRotation", _KEY),
        Call("ScheduleKeyDeletion", _KEY),
        Call("CancelKeyDeletion", _KEY),
        Call("ImportKeyMaterial", _KEY),
        Call("DeleteImportedKeyMaterial", _KEY),
        Call("UpdateKeyDescription", _KEY),
        Call("CreateAlias", _ALIAS),
        Call("UpdateAlias", _ALIAS),
        Call("DeleteAlias", _KEY),
        Call("TagResource", _KEY),
        Call("UntagResource", _KEY),
        # AWS does it itself, some days after it was told to.
        Call("DeleteKey", _KEY, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All keys."""
        aliases = facet(lambda: _aliases_of_all(access), action="kms:ListAliases")
        yield from found_in(
            lambda row: _found(row["KeyId"], access, _of(aliases, row["KeyId"])),
            access.pages("kms", "list_keys", "Keys"),
        )

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One key."""
        aliases = facet(
            lambda: [
                row["AliasName"]
                for row in access.rows("kms", "list_aliases", "Aliases", KeyId=resource_id)
            ],
            action="kms:ListAliases",
            gone=cls.gone,
        )
        return _found(resource_id, access, aliases)

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The id at the end of an ARN; of aliases nothing, since records name their key too."""
        if identifier.startswith("alias/") or ":alias/" in identifier:
            return ""
        return identifier.rpartition("/")[2]


def _aliases_of_all(access: Access) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in access.rows("kms", "list_aliases", "Aliases"):
        if target := row.get("TargetKeyId"):
            found[target].append(row["AliasName"])
    return found


def _of(aliases: Any, key: str) -> Any:
    return aliases if isinstance(aliases, Unknown) else aliases.get(key, [])


def _found(key_id: str, access: Access, aliases: Any) -> Found:
    """Raises Gone when there is no such key any more."""
    kms, gone = access.client("kms"), Keys.gone
    key = facet(
        lambda: _key(kms.describe_key(KeyId=key_id)["KeyMetadata"]),
        action="kms:DescribeKey",
        gone=gone,
    )
    about = key if isinstance(key, dict) else {}
    tags: Any = {}
    grants: Any = None
    # AWS makes all grants of its own keys, and nobody can tag these.
    if about.get("manager") != "AWS":
        grants = facet(lambda: list(_grants(access, key_id)), action="kms:ListGrants", gone=gone)
        tags = facet(
            lambda: tag_table(access.rows("kms", "list_resource_tags", "Tags", KeyId=key_id)),
            action="kms:ListResourceTags",
            gone=gone,
        )
    names = aliases if isinstance(aliases, list) else []
    return Found(
        resource_id=key_id,
        arn=f"arn:{access.partition}:kms:{access.region}:{access.account_id}:key/{key_id}",
        name=sorted(names)[0] if names else "",
        tags={} if isinstance(tags, Unknown) else tags,
        config={
            "key": key,
            "aliases": aliases,
            "policy": facet(
                lambda: kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"],
                action="kms:GetKeyPolicy",
                gone=gone,
            ),
            "rotation": key if isinstance(key, Unknown) else _rotation(kms, key_id, about),
            "grants": grants,
            "tags": tags,
        },
    )


def _key(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "manager": row.get("KeyManager", "CUSTOMER"),
        "description": row.get("Description", ""),
        "state": row.get("KeyState"),
        "usage": row.get("KeyUsage"),
        "spec": row.get("KeySpec") or row.get("CustomerMasterKeySpec"),
        "origin": row.get("Origin"),
        "multi_region": bool(row.get("MultiRegion")),
        "deletion_date": row.get("DeletionDate"),
        "valid_to": row.get("ValidTo"),
    }


def rotates(key: Mapping[str, Any]) -> bool:
    """Whether its customer decides if AWS makes it anew from time to time."""
    return (
        key.get("manager") == "CUSTOMER"
        and key.get("spec") == "SYMMETRIC_DEFAULT"
        and key.get("origin") == "AWS_KMS"
    )


def _rotation(kms: Any, key_id: str, key: Mapping[str, Any]) -> Any:
    """None where rotation does not apply."""
    if not rotates(key):
        return None

    def ask() -> dict[str, Any]:
        answer = kms.get_key_rotation_status(KeyId=key_id)
        return {
            "enabled": answer["KeyRotationEnabled"],
            "period_days": answer.get("RotationPeriodInDays"),
        }

    return facet(
        ask,
        action="kms:GetKeyRotationStatus",
        absent=("UnsupportedOperationException",),
        gone=Keys.gone,
    )


def _grants(access: Access, key_id: str) -> Iterator[dict[str, Any]]:
    for row in access.rows("kms", "list_grants", "Grants", KeyId=key_id):
        grantee = row.get("GranteePrincipal", "")
        service = row.get("GranteeServicePrincipal") or grantee.endswith(_BY_SERVICES[0])
        if service or any(part in grantee for part in _BY_SERVICES[1:]):
            continue
        constraints = row.get("Constraints", {})
        yield {
            "grantee": grantee,
            "operations": row.get("Operations", []),
            "retiring": row.get("RetiringPrincipal"),
            # The names within are the customer's.
            "context_equals": constraints.get("EncryptionContextEquals"),
            "context_subset": constraints.get("EncryptionContextSubset"),
        }
