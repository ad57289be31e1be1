"""Where endpoints, proposals and checks answer, below `/api/v1/certs/`."""

from django.urls import URLPattern, path

from certs.api.check import Check
from certs.api.endpoints import (
    EndpointDetail,
    EndpointList,
    EndpointObservations,
    EndpointProbe,
)
from certs.api.proposals import DomainList, ProposalAccept, ProposalList, ProposalRefuse

_ENDPOINT, _PROPOSAL = "endpoints/<str:endpoint_id>", "proposals/<str:proposal_id>"

endpoint_urlpatterns: list[URLPattern] = [
    path("check", Check.as_view(), name="api-cert-check"),
    path("endpoints", EndpointList.as_view(), name="api-cert-endpoints"),
    path(_ENDPOINT, EndpointDetail.as_view(), name="api-cert-endpoint"),
    path(f"{_ENDPOINT}/observations", EndpointObservations.as_view()),
    path(f"{_ENDPOINT}/probe", EndpointProbe.as_view()),
    path("domains", DomainList.as_view(), name="api-cert-domains"),
    path("proposals", ProposalList.as_view(), name="api-cert-proposals"),
    path(f"{_PROPOSAL}/accept", ProposalAccept.as_view()),
    path(f"{_PROPOSAL}/refuse", ProposalRefuse.as_view()),
]
