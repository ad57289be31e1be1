"""Where the API of findings answers, below `/api/v1/security/`."""

from django.urls import URLPattern, path

from security.api.acceptances import (
    AcceptanceApproval,
    AcceptanceDetail,
    AcceptanceList,
    OverrideList,
)
from security.api.findings import CheckList, FindingDetail, FindingExport, FindingList

finding_urlpatterns: list[URLPattern] = [
    path("findings", FindingList.as_view(), name="api-security-findings"),
    path("findings.csv", FindingExport.as_view(), {"form": "csv"}, name="api-findings-csv"),
    path("findings.jsonl", FindingExport.as_view(), {"form": "jsonl"}, name="api-findings-jsonl"),
    path("findings/<str:finding_id>", FindingDetail.as_view()),
    path("checks", CheckList.as_view(), name="api-security-checks"),
    path("acceptances", AcceptanceList.as_view(), name="api-security-acceptances"),
    path("acceptances/<str:acceptance_id>", AcceptanceDetail.as_view()),
    path("acceptances/<str:acceptance_id>/approve", AcceptanceApproval.as_view()),
    path("overrides", OverrideList.as_view(), name="api-security-overrides"),
]
