"""Where policies are, and what is done with a certificate, below `/api/v1/certs/`."""

from django.urls import URLPattern, path

from certs.api.deeds import Explain, Ownership, Replacement, Retirement
from certs.api.policies import OwnerRuleDetail, OwnerRuleList, PolicyDetail, PolicyList

_CERTIFICATE = "certificates/<str:certificate_id>"

lifecycle_urlpatterns: list[URLPattern] = [
    path("policies", PolicyList.as_view(), name="api-certs-policies"),
    path("policies/<str:policy_id>", PolicyDetail.as_view()),
    path("owner-rules", OwnerRuleList.as_view(), name="api-certs-owner-rules"),
    path("owner-rules/<str:rule_id>", OwnerRuleDetail.as_view()),
    path(f"{_CERTIFICATE}/explain", Explain.as_view()),
    path(f"{_CERTIFICATE}/retired", Retirement.as_view()),
    path(f"{_CERTIFICATE}/owner", Ownership.as_view()),
    path(f"{_CERTIFICATE}/replacement", Replacement.as_view()),
]
