"""The account as a whole: its password policy, the state of its own user, whom it believes.

Sources: GetAccountPasswordPolicy, GetAccountSummary, ListAccountAliases, ListVirtualMFADevices,
GetSAMLProvider and GetOpenIDConnectProvider in the IAM API reference; GetAlternateContact in the
Account Management API reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, facet
from security.collectors import Call
from security.collectors.iam import IamCollector
from security.normalise import Found, Shape

_CONTACTS = ("BILLING", "OPERATIONS", "SECURITY")
# All other counters of the summary change with what is made, and say nothing of the account.
_SUMMARY = {
    "mfa_enabled": "AccountMFAEnabled",
    "access_keys": "AccountAccessKeysPresent",
    "signing_certificates": "AccountSigningCertificatesPresent",
}
_POLICY = {
    "minimum_length": "MinimumPasswordLength",
    "symbols": "RequireSymbols",
    "numbers": "RequireNumbers",
    "uppercase": "RequireUppercaseCharacters",
    "lowercase": "RequireLowercaseCharacters",
    "may_change": "AllowUsersToChangePassword",
    "expires": "ExpirePasswords",
    "max_age": "MaxPasswordAge",
    "reuse_prevention": "PasswordReusePrevention",
    "hard_expiry": "HardExpiry",
}
_WHO = ("recipientAccountId",)


class IamAccount(IamCollector):
    """What holds for all of IAM in an account; its resource id is the account's."""

    slug = "aws.iam.account"
    label = "IAM of accounts"
    noun = "account"
    shape = Shape(
        sets=(
            "aliases",
            "virtual_mfa",
            "oidc_providers",
            "oidc_providers.*.clients",
            "oidc_providers.*.thumbprints",
            "saml_providers",
        ),
        secrets=("saml_providers.*.metadata",),
        operational=("aliases", "contact_billing", "contact_operations", "contact_security"),
        keys={
            "virtual_mfa": ("serial",),
            "oidc_providers": ("arn",),
            "saml_providers": ("arn",),
        },
    )
    actions = (
        "iam:GetAccountPasswordPolicy",
        "iam:GetAccountSummary",
        "iam:ListAccountAliases",
        "iam:ListVirtualMFADevices",
        "iam:ListSAMLProviders",
        "iam:GetSAMLProvider",
        "iam:ListOpenIDConnectProviders",
        "iam:GetOpenIDConnectProvider",
        "account:GetAlternateContact",
    )
    calls = tuple(
        Call(name, _WHO)
        for name in (
            "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy", "CreateAccountAlias",
            "DeleteAccountAlias", "CreateSAMLProvider", "UpdateSAMLProvider",
            "DeleteSAMLProvider", "CreateOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint", "AddClientIDToOpenIDConnectProvider",
            "RemoveClientIDFromOpenIDConnectProvider", "DeleteOpenIDConnectProvider",
            "CreateVirtualMFADevice", "DeleteVirtualMFADevice", "EnableMFADevice",
            "DeactivateMFADevice",
        )
    )  # fmt: skip

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """The one."""
        yield [cls.fetch(access, access.account_id)]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """The one."""
        iam = access.client("iam")
        config = {
            "password_policy": facet(
                lambda: _named(_POLICY, iam.get_account_password_policy()["PasswordPolicy"]),
                action="iam:GetAccountPasswordPolicy",
                absent=("NoSuchEntity",),
            ),
            "summary": facet(
                lambda: _named(_SUMMARY, iam.get_account_summary()["SummaryMap"]),
                action="iam:GetAccountSummary",
            ),
            "aliases": facet(
                lambda: list(access.rows("iam", "list_account_aliases", "AccountAliases")),
                action="iam:ListAccountAliases",
            ),
            "virtual_mfa": facet(
                lambda: [
                    {"serial": row["SerialNumber"], "user": (row.get("User") or {}).get("Arn")}
                    for row in access.rows("iam", "list_virtual_mfa_devices", "VirtualMFADevices")
                ],
                action="iam:ListVirtualMFADevices",
            ),
            "saml_providers": facet(lambda: _saml(iam), action="iam:GetSAMLProvider"),
            "oidc_providers": facet(lambda: _oidc(iam), action="iam:GetOpenIDConnectProvider"),
        }
        for kind in _CONTACTS:
            config[f"contact_{kind.lower()}"] = _contact(access, kind)
        aliases = config["aliases"]
        return Found(
            resource_id=access.account_id,
            arn=f"arn:{access.partition}:iam::{access.account_id}:root",
            name=aliases[0] if isinstance(aliases, list) and aliases else access.account_id,
            config=config,
        )


def _named(names: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {ours: row.get(theirs) for ours, theirs in names.items()}


def _saml(iam: Any) -> list[dict[str, Any]]:
    found = []
    for row in iam.list_saml_providers()["SAMLProviderList"]:
        provider = iam.get_saml_provider(SAMLProviderArn=row["Arn"])
        # The certificates whose signatures are believed are in there.
        metadata = provider.get("SAMLMetadataDocument")
        until = provider.get("ValidUntil")
        found.append({"arn": row["Arn"], "valid_until": until, "metadata": metadata})
    return found


def _oidc(iam: Any) -> list[dict[str, Any]]:
    found = []
    for row in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=row["Arn"])
        found.append(
            {
                "arn": row["Arn"],
                "url": provider.get("Url"),
                "clients": list(provider.get("ClientIDList", ())),
                "thumbprints": list(provider.get("ThumbprintList", ())),
            }
        )
    return found


def _contact(access: Access, kind: str) -> Any:
    """Whom AWS turns to; None: the account's own address."""

    def ask() -> dict[str, Any]:
        client = access.client("account")
        row = client.get_alternate_contact(AlternateContactType=kind)["AlternateContact"]
        return {
            "name": row.get("Name"),
            "title": row.get("Title"),
            "email": row.get("EmailAddress"),
            "phone": row.get("PhoneNumber"),
        }

    return facet(ask, action="account:GetAlternateContact", absent=("ResourceNotFoundException",))
