"""Exports of any size: written page by page, so that memory is that of a page."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from opsportal.accounts.permissions import scoped
from opsportal.lib.api.files import FILES, FileView, answer_file
from opsportal.lib.times import utc_now
from security.api import history_schema as schema
from security.api.history import params_of
from security.api.plain import resource_as_json, revision_as_json
from security.history import (
    InventoryQuery,
    changes_matching,
    inventory_matching,
    read_feed,
    read_inventory,
    with_revisions,
)

_PAGE = 200
Row = dict[str, Any]
_RESOURCE_COLUMNS = (
    "id", "account", "account_name", "technology", "region", "resource_id", "arn", "name", "state",
    "score", "first_seen_at", "changed_at", "captured_at", "deleted_at", "revision_count",
    "revision", "tags", "config", "url",
)  # fmt: skip
_REVISION_COLUMNS = (
    "id", "captured_at", "account", "account_name", "technology", "region", "resource_id",
    "resource_name", "arn", "number", "kind", "change_class", "summary", "actor",
    "attribution", "score_change", "effective_at", "source", "review", "url",
)  # fmt: skip


class _Export(FileView):
    permission_classes = [scoped("security:read")]


class ResourceExport(_Export):
    """The inventory as a file."""

    @extend_schema(
        summary="Export resources with their configurations",
        parameters=schema.INVENTORY,
        responses=FILES,
    )
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, as CSV or JSON Lines; with `at` as it was then."""
        query = read_inventory(params_of(request), now=utc_now())
        return answer_file("resources", form, _RESOURCE_COLUMNS, _resources(query))


class RevisionExport(_Export):
    """Changes as a file."""

    @extend_schema(summary="Export configuration changes", parameters=schema.FEED, responses=FILES)
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, newest first, as CSV or JSON Lines."""
        query = read_feed(params_of(request), now=utc_now())
        rows = _revisions(changes_matching(query))
        if form == "csv":
            rows = map(_flat, rows)
        return answer_file("revisions", form, _REVISION_COLUMNS, rows)


def _resources(query: InventoryQuery) -> Iterator[Row]:
    found = inventory_matching(query)
    if query.at is None:
        found = found.defer(None)
    last = 0
    while rows := list(found.filter(id__gt=last)[:_PAGE]):
        last = rows[-1].pk
        if query.at is None:
            yield from (resource_as_json(row, config=True) for row in rows)
        else:
            pairs = with_revisions(rows, configs=True)
            yield from (resource_as_json(*pair, config=True) for pair in pairs)


def _revisions(found: QuerySet[Any]) -> Iterator[Row]:
    place = Q()
    while rows := list(found.filter(place)[:_PAGE]):
        end = rows[-1]
        place = Q(captured_at__lte=end.captured_at) & (
            Q(captured_at__lt=end.captured_at) | Q(captured_at=end.captured_at, id__lt=end.pk)
        )
        yield from map(revision_as_json, rows)


def _flat(row: Row) -> Row:
    """A revision whose resource has columns of its own."""
    resource = row["resource"]
    return {
        **row, "resource_id": resource["resource_id"], "resource_name": resource["name"],
        "arn": resource["arn"],
    }  # fmt: skip
