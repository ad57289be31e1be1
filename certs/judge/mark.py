"""What is to be judged anew, since something about it changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from certs.models import Certificate, Endpoint
from opsportal.lib.ids import IdIn


def mark_certificates(ids: Sequence[int], *, now: datetime) -> None:
    """Have these judged at the next sweep."""
    if ids:
        Certificate.objects.filter(IdIn(ids)).update(judge_at=now)


def mark_all(ids: QuerySet[Any, Any], *, now: datetime) -> None:
    """The same of as many as a query says."""
    Certificate.objects.filter(pk__in=ids).update(judge_at=now)


def mark_endpoints(ids: Sequence[int], *, now: datetime) -> None:
    """Have these judged at the next sweep."""
    if ids:
        Endpoint.objects.filter(IdIn(ids)).update(judge_at=now)
