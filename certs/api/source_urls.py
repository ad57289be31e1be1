"""Where the API of sources answers, and of certificate transparency."""

from django.urls import URLPattern, path

from certs.api.sources import (
    SourceConfirm,
    SourceDetail,
    SourceList,
    SourceRunList,
    SourceRunNow,
    SourceTroubleList,
)
from certs.api.transparency import CertificateVouch, CtEntries

_SOURCE = "sources/<str:source_id>"

source_urlpatterns: list[URLPattern] = [
    path("sources", SourceList.as_view()),
    path(_SOURCE, SourceDetail.as_view()),
    path(f"{_SOURCE}/runs", SourceRunList.as_view()),
    path(f"{_SOURCE}/troubles", SourceTroubleList.as_view()),
    path(f"{_SOURCE}/run", SourceRunNow.as_view()),
    path(f"{_SOURCE}/confirm", SourceConfirm.as_view()),
    path("ct", CtEntries.as_view()),
    path("certificates/<str:certificate_id>/vouch", CertificateVouch.as_view()),
]
