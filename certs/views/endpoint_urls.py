"""Pages of endpoints."""

from django.urls import URLPattern, path

from certs.views.adding import add
from certs.views.check import check
from certs.views.endpoints import (
    probe_endpoint,
    remove_endpoint,
    show_endpoint,
    show_endpoints,
)
from certs.views.proposals import decide_proposals, show_proposals

_ENDPOINT = "certs/endpoints/<int:endpoint_pk>/"

endpoint_urlpatterns: list[URLPattern] = [
    path("certs/check/", check, name="certs-check"),
    path("certs/endpoints/", show_endpoints, name="certs-endpoints"),
    path("certs/endpoints/add/", add, name="certs-endpoint-add"),
    path(_ENDPOINT, show_endpoint, name="certs-endpoint"),
    path(f"{_ENDPOINT}probe/", probe_endpoint, name="certs-endpoint-probe"),
    path(f"{_ENDPOINT}remove/", remove_endpoint, name="certs-endpoint-remove"),
    path("certs/proposals/", show_proposals, name="certs-proposals"),
    path("certs/proposals/decide/", decide_proposals, name="certs-proposals-decide"),
]
