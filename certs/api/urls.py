"""Where the API answers, below `/api/v1/certs/`."""

from django.urls import URLPattern, path

from certs.api.endpoint_urls import endpoint_urlpatterns
from certs.api.lifecycle_urls import lifecycle_urlpatterns
from certs.api.read_urls import read_urlpatterns
from certs.api.sources import (
    SourceConfirm,
    SourceDetail,
    SourceList,
    SourceRunList,
    SourceRunNow,
    SourceTroubleList,
)

_SOURCE = "sources/<str:source_id>"

api_urlpatterns: list[URLPattern] = [
    path("sources", SourceList.as_view()),
    path(_SOURCE, SourceDetail.as_view()),
    path(f"{_SOURCE}/runs", SourceRunList.as_view()),
    path(f"{_SOURCE}/troubles", SourceTroubleList.as_view()),
    path(f"{_SOURCE}/run", SourceRunNow.as_view()),
    path(f"{_SOURCE}/confirm", SourceConfirm.as_view()),
    *read_urlpatterns,
    *lifecycle_urlpatterns,
    *endpoint_urlpatterns,
]
