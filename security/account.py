"""Accounts of clouds: saved, tested, removed; each deed audited and on the timeline."""

import re
import secrets
from datetime import datetime

from django.db import transaction

from chronos.trail import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import mask_secret
from opsportal.lib.aws.access import Access, forget_clients
from opsportal.lib.aws.identity import account_of, caller_of, is_external_id, is_region
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from security.collectors import collectors
from security.models import CloudAccount, CloudResource

ROLE = re.compile(r"[\w+=,.@/-]{1,576}", re.ASCII)
QUEUE = re.compile(r"https?://[\w.:-]{1,200}/\d{12}/[\w.-]{1,90}", re.ASCII)
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def new_external_id() -> str:
    """One that nobody guesses."""
    return secrets.token_urlsafe(24)


def save_account(
    account: CloudAccount, *, actor: Actor, now: datetime, ambient_number: bool = True
) -> None:
    """Store it, and have it tested. Raises PayloadError, ConflictError.

    Without a number and a role it is the account of the portal's own credentials, which are asked.
    """
    if account.role_name and not account.external_id and not account.pk:
        account.external_id = new_external_id()
    if ambient_number and not account.account_id and not account.role_name:
        account.account_id = own_account_number(account.partition)
    account.regions = sorted(set(account.regions))
    account.without = sorted(set(account.without))
    _check(account)
    check_columns(account, exclude=["external_id"])
    with transaction.atomic():
        known = CloudAccount.objects.select_for_update().filter(pk=account.pk).first()
        before, after = state_of(known) if known else None, state_of(account)
        if before == after:
            return
        if account.kind == CloudAccount.Kind.MANAGED:
            account.test_due_at = now
        save_row(account)
        record_saved(account, before, after, actor=actor, now=now)
    forget_clients()


def delete_account(account: CloudAccount, *, actor: Actor, now: datetime) -> None:
    """Remove one that has no history. Raises ConflictError: history is kept, disable it instead."""
    with transaction.atomic():
        if CloudResource.objects.filter(account=account).exists():
            raise ConflictError(
                f"{account.name} has a history, which would go with it; disable it instead."
            )
        record_deleted(account, state_of(account), actor=actor, now=now)
        account.delete()


def ask_for_test(account: CloudAccount, *, now: datetime) -> None:
    """Have it tested within seconds."""
    CloudAccount.objects.filter(pk=account.pk).update(test_due_at=now)
    account.test_due_at = now


def managed_accounts() -> list[CloudAccount]:
    """Those that the portal may read; for whatever else reads in clouds."""
    kind = CloudAccount.Kind.MANAGED
    return list(CloudAccount.objects.filter(kind=kind, enabled=True, frozen=False))


def own_account_number(partition: str) -> str:
    """The account of the portal's own credentials. Raises PayloadError."""
    arn, trouble = caller_of(Access("", partition, ""))
    if trouble is not None:
        text = (
            "the portal has no credentials of its own to ask for the number "
            f"({trouble.code}: {trouble.message}); give the number and a role"
        )
        raise PayloadError(text, [FieldError("account_id", text)])
    return account_of(arn)


def state_of(account: CloudAccount) -> State:
    """For the trail: nothing secret."""
    names = (
        "account_id", "name", "kind", "partition", "role_name", "regions", "without", "enabled",
        "frozen", "s3_canonical_id", "org_id", "ou_path", "trail_queue_url", "note",
    )  # fmt: skip
    return {
        **{name: getattr(account, name) for name in names},
        "team": team_name(account.team),
        "external_id": mask_secret(account.external_id),
    }


def _check(account: CloudAccount) -> None:
    errors = [FieldError(field, text) for field, text in _complaints(account)]
    if errors:
        text = "; ".join(f"{found.field}: {found.message}" for found in errors)
        raise PayloadError(f"The cloud account is not right: {text}", errors)


def _complaints(account: CloudAccount) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if account.partition not in PARTITIONS:
        found.append(("partition", f"must be one of {', '.join(PARTITIONS)}"))
    if account.role_name and not ROLE.fullmatch(account.role_name):
        found.append(("role_name", "must be a role's name, with its path if it has one"))
    if account.external_id and not is_external_id(account.external_id):
        found.append(("external_id", "2 to 1224 letters, digits and any of _+=,.@:/-"))
    if wrong := [name for name in account.regions if not is_region(name)]:
        found.append(("regions", f"{wrong[0]!r} is no region such as eu-west-1"))
    if account.kind == CloudAccount.Kind.MANAGED and not account.regions:
        found.append(("regions", "name at least one region in which it is watched"))
    if wrong := [slug for slug in account.without if slug not in collectors()]:
        found.append(("without", f"there is no technology {wrong[0]!r}"))
    if account.trail_queue_url and not QUEUE.fullmatch(account.trail_queue_url):
        found.append(
            ("trail_queue_url", "must be a queue's URL: https://sqs.REGION.amazonaws.com/N/NAME")
        )
    return found
