"""The portal's matchers, asked of certificates."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet

from certs.models import Certificate, CertificateName, Finding, Placement
from certs.search.meant import below, named, narrow
from certs.search.refuse import refused
from opsportal.lib.matchers import Matcher, MatcherError, Matchers, filter_queryset, parse_matchers

_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "title": "title", "common_name": "common_name", "subject": "subject",
        "issuer": "issuer_title", "serial": "serial", "sha256": "sha256", "owner": "team__name",
        "team": "team__name",
        "environment": "environment", "service": "service", "use": "use", "key_type": "key_type",
        "key_size": "key_size", "key_curve": "key_curve", "signature": "signature_name",
        "lineage": "lineage__name",
    }
)  # fmt: skip


def _named() -> QuerySet[Any]:
    return CertificateName.objects.order_by()


def _placed() -> QuerySet[Any]:
    return Placement.objects.filter(gone_at=None).order_by()


# A certificate has several of these: it matches by any of them.
_MANY: Mapping[str, tuple[Callable[[], QuerySet[Any]], str]] = MappingProxyType(
    {
        "name": (_named, "value"),
        "source": (_placed, "source__name"),
        "kind": (_placed, "source__kind"),
        "path": (_placed, "locator"),
        "finding": (lambda: Finding.objects.filter(closed_at=None).order_by(), "kind"),
    }
)
_POSITIVE = {"!=": "=", "!~": "=~"}
_FURTHEST = 3_000_000


def read_matchers(text: str, field: str) -> Matchers:
    """The matchers of a text. Raises PayloadError, also for names that certificates have not."""
    try:
        found = parse_matchers(text)
    except MatcherError as error:
        raise refused(field, error.message) from error
    for item in found.items:
        if item.name == "days_left":
            if item.op not in ("<", "<=", ">", ">="):
                raise refused(field, "days_left is compared by <, <=, > or >=")
        elif item.name == "domain":
            if item.op not in ("=", "!="):
                raise refused(field, "domain is compared by = or !=; patterns are for name")
        elif item.name not in _FIELDS and item.name not in _MANY:
            known = ", ".join(sorted((*_FIELDS, *_MANY, "days_left", "domain")))
            raise refused(field, f"{item.name[:40]!r} is none of {known}")
    return found


def filter_matching(
    found: QuerySet[Certificate], matchers: Matchers, now: datetime
) -> QuerySet[Certificate]:
    """Those that fulfil every matcher."""
    plain = []
    for item in matchers.items:
        if item.name == "days_left":
            found = _filter_days(found, item, now)
        elif item.name == "domain":
            condition = narrow([], [below(item.value), named(item.value)])
            found = found.filter(condition if item.op == "=" else ~condition)
        elif item.name in _MANY:
            found = _filter_many(found, item)
        else:
            plain.append(item)
    return filter_queryset(found, Matchers(tuple(plain)), _FIELDS)


def _filter_many(found: QuerySet[Certificate], item: Matcher) -> QuerySet[Certificate]:
    rows, column = _MANY[item.name]
    asked = Matcher(item.name, _POSITIVE.get(item.op, item.op), item.value)
    having = filter_queryset(rows(), Matchers((asked,)), {item.name: column})
    ids = having.filter(certificate_id__isnull=False).values("certificate_id")
    return found.exclude(pk__in=ids) if item.op in _POSITIVE else found.filter(pk__in=ids)


def _filter_days(
    found: QuerySet[Certificate], item: Matcher, now: datetime
) -> QuerySet[Certificate]:
    """Whole days that are left, rounded down: what expires within a day has 0."""
    number = max(-_FURTHEST, min(_FURTHEST, float(item.value)))
    days = math.floor(number) + 1 if item.op in ("<=", ">") else math.ceil(number)
    side = "lt" if item.op.startswith("<") else "gte"
    try:
        edge = now + timedelta(days=days)
    except OverflowError:
        return found if (side == "lt") == (days > 0) else found.none()
    return found.filter(**{f"not_after__{side}": edge})
