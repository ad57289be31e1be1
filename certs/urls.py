"""Where certificates answer: pages and API."""

from django.urls import URLPattern, path

from certs.api.uploading import CertificateUpload
from certs.api.urls import api_urlpatterns
from certs.views.endpoint_urls import endpoint_urlpatterns
from certs.views.source_urls import source_urlpatterns
from certs.views.upload import upload
from certs.views.urls import page_urlpatterns

urlpatterns: list[URLPattern] = [
    *source_urlpatterns,
    path("certs/upload/", upload, name="certs-upload"),
    *endpoint_urlpatterns,
    *page_urlpatterns,
]
# The door itself, /api/v1/certs.
upload_urlpatterns: list[URLPattern] = [path("certs", CertificateUpload.as_view())]

__all__ = ["api_urlpatterns", "upload_urlpatterns", "urlpatterns"]
