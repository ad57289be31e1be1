"""Accounts, and collections of them at a moment of the test's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from opsportal.lib.aws import Access
from opsportal.lib.outbox import claim_due
from security.collect import plan_collections, run_collection
from security.models import CloudAccount, CloudResource, Collection, Scope
from security.tasks import CollectionOutbox
from tests.alerts.moto import ACCOUNT, REGION

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GROUPS = "aws.ec2.securitygroup"


def make_account(account_id: str = ACCOUNT, name: str = "main", **fields: object) -> CloudAccount:
    """An account that is watched in one region by the portal's own credentials."""
    given = {"regions": [REGION], **fields}
    return CloudAccount.objects.create(account_id=account_id, name=name, **given)


def collect(*technologies: str, now: datetime = NOW) -> list[Collection]:
    """Collect all that is planned of these (none named: of all), as the worker does."""
    Scope.objects.update(next_at=now)
    plan_collections(now=now)
    if technologies:
        Collection.objects.exclude(scope__technology__in=technologies).delete()
    done = []
    while rows := claim_due(CollectionOutbox(), now, 50):
        for row in rows:
            run_collection(row, clock=lambda: now)
            done.append(Collection.objects.get(pk=row.pk))
    return done


def later(**span: float) -> datetime:
    """So long after NOW."""
    return NOW + timedelta(**span)


def resource(resource_id: str) -> CloudResource:
    """The resource of that id."""
    return CloudResource.objects.get(resource_id=resource_id)


def deny(access: Access, service: str, operation: str) -> Callable[[], None]:
    """Have an operation denied to that access; what is returned allows it again."""
    event, events = f"before-call.{service}.{operation}", access.client(service).meta.events

    def refuse(**_: object) -> None:
        error = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(error, operation)

    events.register(event, refuse)
    return lambda: events.unregister(event, refuse)
