"""Reading configurations and their history; saying something of them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import ScopedByMethod, scoped
from opsportal.lib.api import KeysetPagination, parse_time
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now
from security.api import history_schema as schema
from security.api.plain import (
    comment_as_json,
    lines_as_json,
    resource_as_json,
    revision_as_json,
    use_as_json,
)
from security.history import (
    between,
    changes_matching,
    inventory_matching,
    read_feed,
    read_inventory,
    revision_at,
    with_revisions,
)
from security.models import CloudResource, Comment, ConfigRevision
from security.review import add_comment, review_revisions
from security.search import read_addresses, uses_matching

_CAPTURED = ("-captured_at", "-id")


class _Reading(APIView):
    permission_classes = [scoped("security:read")]
    pagination_class = KeysetPagination
    keyset: tuple[str, ...] = ("-id",)

    def page(self, found: QuerySet[Any], request: Request) -> tuple[list[Any], KeysetPagination]:
        """A page of it."""
        pages = KeysetPagination()
        return pages.paginate_queryset(found, request, self), pages


class ResourceList(_Reading):
    """What there is, or was at a time."""

    keyset = ("id",)

    @extend_schema(
        operation_id="security_resources_list",
        summary="Find resources",
        parameters=schema.INVENTORY,
        responses=schema.CloudResourceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the resources that fit, oldest first; with `at` as they were then."""
        query = read_inventory(params_of(request), now=utc_now())
        rows, pages = self.page(inventory_matching(query), request)
        shown = [(row, None) for row in rows] if query.at is None else with_revisions(rows)
        return pages.get_paginated_response([resource_as_json(*pair) for pair in shown])


class ResourceDetail(_Reading):
    """One resource."""

    @extend_schema(
        summary="One resource with its configuration",
        parameters=[schema.RESOURCE_ID, schema.AT],
        responses=schema.ResourceDetailSerializer,
    )
    def get(self, request: Request, resource_id: str) -> Response:
        """Show a resource; with `at` as it was then, 404 when it was not known."""
        resource = find_resource(resource_id)
        text = request.query_params.get("at", "")
        if not text:
            return Response(resource_as_json(resource, config=True))
        revision = revision_at(resource, parse_time(text, now=utc_now(), field="at"))
        if revision is None:
            raise NotFound("It was not known then.")
        return Response(resource_as_json(resource, revision, config=True))


class ResourceRevisions(_Reading):
    """The history of one resource."""

    @extend_schema(
        operation_id="security_resource_revisions",
        summary="The history of a resource",
        parameters=[schema.RESOURCE_ID],
        responses=schema.ConfigRevisionSerializer(many=True),
    )
    def get(self, request: Request, resource_id: str) -> Response:
        """List its revisions, newest first."""
        found = ConfigRevision.objects.filter(resource=find_resource(resource_id)).defer("config")
        rows, pages = self.page(found.select_related("resource", "account", "review"), request)
        return pages.get_paginated_response([revision_as_json(row) for row in rows])


class RevisionList(_Reading):
    """What changed."""

    keyset = _CAPTURED

    @extend_schema(
        operation_id="security_revisions_list",
        summary="Find configuration changes",
        parameters=schema.FEED,
        responses=schema.ConfigRevisionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the revisions that fit, newest first.

        By region, kind or review they are looked for in the last 90 days unless `since` is given.
        """
        query = read_feed(params_of(request), now=utc_now())
        rows, pages = self.page(changes_matching(query), request)
        return pages.get_paginated_response([revision_as_json(row) for row in rows])


class RevisionDetail(_Reading):
    """One revision."""

    @extend_schema(
        summary="One revision with its configuration and differences",
        parameters=[schema.REVISION_ID],
        responses=schema.RevisionDetailSerializer,
    )
    def get(self, request: Request, revision_id: str) -> Response:
        """Show a revision."""
        return Response(revision_as_json(find_revision(revision_id), detail=True))


class Comparison(_Reading):
    """Two revisions."""

    @extend_schema(
        operation_id="security_diff",
        summary="Compare two revisions",
        parameters=schema.DIFF,
        responses=schema.ComparisonSerializer,
    )
    def get(self, request: Request) -> Response:
        """Show what is different, rule by rule and statement by statement."""
        asked = [_asked(request, name) for name in ("from", "to")]
        lines = between(*asked)
        return Response({"lines": lines_as_json(lines), "same": not lines})


class AddressList(_Reading):
    """Who has an address, and which rules admit it."""

    @extend_schema(
        operation_id="security_addresses",
        summary="Find who has or admits an address",
        parameters=schema.ADDRESSES,
        responses=schema.AddressUseSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the uses of networks that have the address, and of those within the network."""
        query = read_addresses(params_of(request), now=utc_now())
        rows, pages = self.page(uses_matching(query), request)
        return pages.get_paginated_response([use_as_json(row) for row in rows])


class ResourceComments(ScopedByMethod, _Reading):
    """What people say of a resource."""

    read_scope, write_scope = "security:read", "security:write"
    keyset = ("-at", "-id")

    @extend_schema(
        operation_id="security_comments_list",
        summary="Comments on a resource",
        parameters=[schema.RESOURCE_ID],
        responses=schema.SecurityCommentSerializer(many=True),
    )
    def get(self, request: Request, resource_id: str) -> Response:
        """List them, newest first."""
        found = Comment.objects.filter(resource=find_resource(resource_id))
        rows, pages = self.page(found, request)
        return pages.get_paginated_response([comment_as_json(row) for row in rows])

    @extend_schema(
        operation_id="security_comment",
        summary="Comment on a resource, or on one of its revisions",
        parameters=[schema.RESOURCE_ID],
        request=schema.SecurityCommentSerializer,
        responses={201: schema.SecurityCommentSerializer},
    )
    def post(self, request: Request, resource_id: str) -> Response:
        """Add a comment."""
        resource = find_resource(resource_id)
        body = schema.SecurityCommentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        revision = None
        if number := body.validated_data.get("revision"):
            revision = find_revision(str(number))
            if revision.resource_id != resource.pk:
                raise PayloadError(
                    "revision is not of this resource",
                    [FieldError("revision", "is not of this resource")],
                )
        comment = add_comment(
            resource,
            body.validated_data["text"],
            revision=revision,
            actor=actor_of(request),
            now=utc_now(),
        )
        return Response(comment_as_json(comment), status=201)


class ReviewList(APIView):
    """Changes that somebody looked at."""

    permission_classes = [scoped("security:write")]

    @extend_schema(
        operation_id="security_review",
        summary="Acknowledge changes as reviewed",
        request=schema.ReviewPostSerializer,
        responses=schema.ReviewedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Note that somebody looked at these revisions and found them right."""
        body = schema.ReviewPostSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = review_revisions(
            body.validated_data["revisions"],
            note=body.validated_data["note"],
            actor=actor_of(request),
            now=utc_now(),
        )
        return Response({"reviewed": [row.revision_id for row in made]})


def _asked(request: Request, name: str) -> ConfigRevision:
    """The revision that a parameter names. Raises PayloadError."""
    try:
        return find_revision(request.query_params.get(name, ""))
    except NotFound:
        message = "must be the id of a revision"
        raise PayloadError(f"{name} {message}", [FieldError(name, message)]) from None


def params_of(request: Request) -> dict[str, list[str]]:
    """The URL's parameters."""
    return dict(request.query_params.lists())


def find_resource(text: str) -> CloudResource:
    """The resource of that id. Raises NotFound."""
    row = None
    if _is_id(text):
        row = CloudResource.objects.select_related("account").filter(pk=int(text)).first()
    if row is None:
        raise NotFound("There is no such resource.")
    return row


def find_revision(text: str) -> ConfigRevision:
    """The revision of that id. Raises NotFound."""
    row = None
    if _is_id(text):
        found = ConfigRevision.objects.select_related("resource", "account", "review")
        row = found.defer("resource__config").filter(pk=int(text)).first()
    if row is None:
        raise NotFound("There is no such revision.")
    return row


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
