"""Where certificates answer: pages and API."""

from django.urls import URLPattern, path

from certs.api.uploading import CertificateUpload
from certs.api.urls import api_urlpatterns
from certs.views.endpoint_urls import endpoint_urlpatterns
from certs.views.sources import confirm, look, show_runs, show_source, show_sources
from certs.views.upload import upload
from certs.views.urls import page_urlpatterns

_SOURCE = "certs/sources/<int:source_pk>/"

urlpatterns: list[URLPattern] = [
    path("certs/sources/", show_sources, name="certs-sources"),
    path(_SOURCE, show_source, name="certs-source"),
    path(f"{_SOURCE}runs/", show_runs, name="certs-source-runs"),
    path(f"{_SOURCE}look/", look, name="certs-source-look"),
    path(f"{_SOURCE}confirm/", confirm, name="certs-source-confirm"),
    path("certs/upload/", upload, name="certs-upload"),
    *endpoint_urlpatterns,
    *page_urlpatterns,
]
# The door itself, /api/v1/certs.
upload_urlpatterns: list[URLPattern] = [path("certs", CertificateUpload.as_view())]

__all__ = ["api_urlpatterns", "upload_urlpatterns", "urlpatterns"]
