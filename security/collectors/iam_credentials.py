"""Passwords, keys and devices of users: who can sign in, and how.

Source: "Get credential reports for your AWS account" in the IAM user guide. AWS makes the report at
most every four hours, for all users at once. Users are asked about one by one only when their row
of it says something new, or when an event tells of them; what the row says of the last use changes
all the time, and asks for nothing.
"""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from typing import Any

from botocore.exceptions import BotoCoreError

from opsportal.lib.aws import Access, facet, unless_gone
from security.collectors import Call
from security.collectors.iam import IamCollector
from security.normalise import Found, Shape

ROOT = "<root_account>"
# Seconds to wait for the report to be made; after that, for the next collection.
WAITS = (2, 4, 8)
_PAGE = 1000
_USER = ("requestParameters.userName",)
# Without a name AWS takes whoever asks.
_OR_SELF = (*_USER, "userIdentity.userName")
# Columns that say what there is, and those that say when it was used.
_STATE = (
    "password_enabled", "password_last_changed", "mfa_active", "access_key_1_active",
    "access_key_1_last_rotated", "access_key_2_active", "access_key_2_last_rotated",
    "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
)  # fmt: skip
_USE = (
    "password_last_used", "access_key_1_last_used_date", "access_key_1_last_used_region",
    "access_key_1_last_used_service", "access_key_2_last_used_date",
    "access_key_2_last_used_region", "access_key_2_last_used_service",
)  # fmt: skip
# Of a user: the permission, the method, where its rows are, and their id and time.
_LISTS = {
    "keys": (
        "iam:ListAccessKeys", "list_access_keys", "AccessKeyMetadata", "AccessKeyId", "CreateDate",
    ),
    "mfa": (
        "iam:ListMFADevices", "list_mfa_devices", "MFADevices", "SerialNumber", "EnableDate",
    ),
    "ssh_keys": (
        "iam:ListSSHPublicKeys", "list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId",
        "UploadDate",
    ),
    "certificates": (
        "iam:ListSigningCertificates", "list_signing_certificates", "Certificates",
        "CertificateId", "UploadDate",
    ),
}  # fmt: skip
_DEVICE = {"id": "root", "status": "Active", "created_at": None}
_NOTHING = ("", "N/A", "no_information", "not_supported")


class ReportError(BotoCoreError):  # type: ignore[misc]
    """What came is no report."""

    fmt = "The credential report has no column {column!r}"


class Credentials(IamCollector):
    """What a user proves its name with."""

    slug = "aws.iam.credentials"
    label = "IAM credentials"
    noun = "credentials of"
    interval = timedelta(hours=1)
    listing_lags = True
    shape = Shape(
        sets=("keys", "mfa", "ssh_keys", "certificates"),
        ephemeral=("report", "usage"),
        keys=dict.fromkeys(("keys", "mfa", "ssh_keys", "certificates"), ("id",)),
    )
    actions = (
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:GetLoginProfile",
        "iam:ListMFADevices",
        "iam:ListSSHPublicKeys",
        "iam:ListSigningCertificates",
    )
    calls = (
        Call("CreateUser", _USER),
        # With another name it is the old one that is gone.
        Call("UpdateUser", _USER),
        Call("UpdateUser", ("requestParameters.newUserName", *_USER)),
        Call("CreateAccessKey", (*_USER, "responseElements.accessKey.userName")),
        Call("UpdateAccessKey", _OR_SELF),
        Call("DeleteAccessKey", _OR_SELF),
        Call("ChangePassword", ("userIdentity.userName",)),
        Call("CreateLoginProfile", (*_USER, "responseElements.loginProfile.userName")),
        Call("UpdateLoginProfile", _USER),
        Call("DeleteLoginProfile", _OR_SELF),
        Call("EnableMFADevice", _USER),
        Call("DeactivateMFADevice", _OR_SELF),
        Call("UploadSSHPublicKey", _USER),
        Call("UpdateSSHPublicKey", _USER),
        Call("DeleteSSHPublicKey", _USER),
        Call("UploadSigningCertificate", _OR_SELF),
        Call("UpdateSigningCertificate", _OR_SELF),
        Call("DeleteSigningCertificate", _OR_SELF),
        Call("DeleteUser", _USER, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All users of the report, and the account's own."""
        iam = access.client("iam")
        for seconds in WAITS:
            if iam.generate_credential_report().get("State") == "COMPLETE":
                break
            time.sleep(seconds)
        # Not made even now: this says so.
        rows = _report(access).values()
        found = [_root(row) if row["user"] == ROOT else _listed(row, access) for row in rows]
        for start in range(0, len(found), _PAGE):
            yield found[start : start + _PAGE]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One user, with what the last report says of it."""
        if resource_id == ROOT:
            return _root(_report(access)[ROOT])
        user = unless_gone(
            lambda: access.client("iam").get_user(UserName=resource_id), cls.gone
        )["User"]  # fmt: skip
        rows = facet(lambda: _report(access), action="iam:GetCredentialReport")
        config: dict[str, Any] = {"created_at": user["CreateDate"], "report": rows, "usage": rows}
        if isinstance(rows, dict):
            row = rows.get(resource_id)
            config |= _reported(row) if row else {"report": None, "usage": None}
        config |= _asked(access, resource_id)
        return Found(resource_id=resource_id, arn=user["Arn"], name=resource_id, config=config)


def _report(access: Access) -> dict[str, dict[str, str]]:
    """Rows of the last report by user."""
    content = access.client("iam").get_credential_report()["Content"]
    rows = csv.DictReader(StringIO(content.decode("utf-8", "replace")))
    for column in ("user", "arn", "user_creation_time", *_STATE[:3]):
        if column not in (rows.fieldnames or ()):
            raise ReportError(column=column)
    return {row["user"]: row for row in rows}


def _listed(row: Mapping[str, str], access: Access) -> Found:
    name = row["user"]
    return Found(
        resource_id=name,
        arn=row["arn"],
        name=name,
        config={"created_at": _value(row["user_creation_time"]), **_reported(row)},
        more=lambda: _asked(access, name),
        depends=("created_at", "report"),
    )


def _root(row: Mapping[str, str]) -> Found:
    """The account's own user, of whom nothing else can be asked."""
    return Found(
        resource_id=ROOT,
        arn=row["arn"],
        name=ROOT,
        config={
            "created_at": _value(row["user_creation_time"]),
            **_reported(row),
            "password": {"created_at": None, "reset_required": False},
            "mfa": [{"id": "root", "status": "Active", "created_at": None}]
            if row["mfa_active"] == "true"
            else [],
            "keys": list(_slots(row, "access_key")),
            "ssh_keys": [],
            "certificates": list(_slots(row, "cert")),
        },
    )


def _slots(row: Mapping[str, str], kind: str) -> Iterator[dict[str, Any]]:
    for number in ("1", "2"):
        if row.get(f"{kind}_{number}_active") == "true":
            rotated = _value(row.get(f"{kind}_{number}_last_rotated"))
            yield {"id": number, "status": "Active", "created_at": rotated}


def _reported(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "report": {name: _value(row.get(name)) for name in _STATE},
        "usage": {name: _value(row.get(name)) for name in _USE},
    }


def _value(text: str | None) -> Any:
    """A column's value: a time, true, false, a word, or None for what it does not say."""
    if text is None or text in _NOTHING:
        return None
    if text in ("true", "false"):
        return text == "true"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _asked(access: Access, name: str) -> dict[str, Any]:
    """What the report does not say. Raises Gone: no such user."""

    def rows(operation: str, key: str, identifier: str, at: str) -> list[dict[str, Any]]:
        return [
            {"id": row[identifier], "status": row.get("Status", "Active"), "created_at": row[at]}
            for row in access.rows("iam", operation, key, UserName=name)
        ]

    found = {
        kind: facet(partial(rows, *names), action=action, gone=Credentials.gone)
        for kind, (action, *names) in _LISTS.items()
    }
    iam = access.client("iam")
    found["password"] = facet(
        lambda: _password(iam.get_login_profile(UserName=name)["LoginProfile"]),
        action="iam:GetLoginProfile",
        absent=Credentials.gone,
    )
    return found


def _password(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "created_at": row["CreateDate"],
        "reset_required": row.get("PasswordResetRequired", False),
    }
