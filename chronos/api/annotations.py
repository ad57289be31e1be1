"""Grafana's annotations: found, changed and withdrawn. What is posted comes in by a door."""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.annotate import change_annotation, is_withdrawn, withdraw_annotation
from chronos.api.annotation_query import count_tags, find_annotations, read_query, written
from chronos.api.signing import refuse_unsigned
from chronos.formats.grafana import Annotation, read_annotation
from chronos.models import ChangeEvent
from opsportal.accounts.actors import actor_of
from opsportal.accounts.authentication import ForeignKeyAuthentication
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import ScopedByMethod
from opsportal.lib.api.errors import handle_error
from opsportal.lib.api.parsers import JSONParser
from opsportal.lib.times import utc_now


class AnnotationParser(JSONParser):
    """A part of an annotation."""

    def decode(self, body: bytes) -> Annotation:
        """What it says. Raises PayloadError."""
        return read_annotation(body, partly=True)


class AnnotationView(ScopedByMethod, APIView):
    """For keys only, with errors in Grafana's shape."""

    authentication_classes = [ForeignKeyAuthentication]
    parser_classes = [AnnotationParser]
    read_scope, write_scope = "events:read", "events:write"

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """A message, and no more."""
        return _refuse


@extend_schema(exclude=True)
class AnnotationList(AnnotationView):
    """`GET /api/annotations`: every change there is, not only annotations."""

    def get(self, request: Request) -> Response:
        """By time, tags, type and dashboard."""
        return Response(find_annotations(read_query(request.query_params), utc_now()))


@extend_schema(exclude=True)
class AnnotationTags(AnnotationView):
    """`GET /api/annotations/tags`."""

    def get(self, request: Request) -> Response:
        """With how often each is used."""
        return Response({"result": {"tags": count_tags(request.query_params)}})


@extend_schema(exclude=True)
class AnnotationDetail(AnnotationView):
    """`/api/annotations/ID`: one of them."""

    def get(self, request: Request, annotation_id: int) -> Response:
        """Any change may be read."""
        event = ChangeEvent.objects.filter(pk=_number(annotation_id)).first()
        if event is None or is_withdrawn(event):
            raise NotFound("Annotation not found")
        return Response(written(event, utc_now()))

    def put(self, request: Request, annotation_id: int) -> Response:
        """What is told, as by PATCH: Grafana keeps what is not."""
        return self._change(request, annotation_id, "Annotation updated")

    def patch(self, request: Request, annotation_id: int) -> Response:
        """What is told."""
        return self._change(request, annotation_id, "Annotation patched")

    def delete(self, request: Request, annotation_id: int) -> Response:
        """The timeline keeps it."""
        refuse_unsigned(request)
        withdraw_annotation(
            _number(annotation_id), key_id=_key_id(request), actor=actor_of(request), now=utc_now()
        )
        return Response({"message": "Annotation deleted"})

    def _change(self, request: Request, annotation_id: int, answer: str) -> Response:
        refuse_unsigned(request)
        key_id = _key_id(request)
        given = request.data if isinstance(request.data, Annotation) else Annotation()
        change_annotation(
            _number(annotation_id), given, key_id=key_id, actor=actor_of(request), now=utc_now()
        )
        return Response({"message": answer})


# For the door, which answers a POST itself.
annotation_list = AnnotationList.as_view()


def _refuse(error: Exception, context: Mapping[str, Any]) -> Response | None:
    response = handle_error(error, context)
    if response is not None:
        response.data = {"message": response.data["message"]}
    return response


def _number(annotation_id: int) -> int:
    """Raises NotFound for what no database has a number for."""
    if annotation_id >= 2**63:
        raise NotFound("Annotation not found")
    return annotation_id


def _key_id(request: Request) -> int:
    key = request.auth
    if not isinstance(key, ApiKey):
        raise NotAuthenticated
    return key.pk
