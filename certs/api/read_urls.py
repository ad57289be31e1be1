"""Where certificates and findings are read, below `/api/v1/certs/`."""

from django.urls import URLPattern, path

from certs.api.calendar import ExpiryCalendar
from certs.api.certificates import (
    CertFindingList,
    CertificateDetail,
    CertificateList,
    CertificatePem,
    Summary,
)
from certs.api.exports import CertificateExport

read_urlpatterns: list[URLPattern] = [
    path("certificates", CertificateList.as_view(), name="api-certs-certificates"),
    path("certificates.csv", CertificateExport.as_view(), {"form": "csv"}, name="api-certs-csv"),
    path(
        "certificates.jsonl", CertificateExport.as_view(), {"form": "jsonl"}, name="api-certs-jsonl"
    ),
    path("certificates/<str:certificate_id>", CertificateDetail.as_view()),
    path("certificates/<str:certificate_id>/pem", CertificatePem.as_view()),
    path("summary", Summary.as_view(), name="api-certs-summary"),
    path("findings", CertFindingList.as_view(), name="api-certs-findings"),
    path("calendar.ics", ExpiryCalendar.as_view(), name="api-certs-calendar"),
]
