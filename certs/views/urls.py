"""Where the pages of certificates are."""

from django.urls import URLPattern, path

from certs.views.certificate import download_pem, show_certificate
from certs.views.certificates import show_certificates
from certs.views.findings import show_findings
from certs.views.wall import show_wall

page_urlpatterns: list[URLPattern] = [
    path("certs/", show_wall, name="certs-wall"),
    path("certs/certificates/", show_certificates, name="certs-certificates"),
    path("certs/certificates/<int:certificate_id>/", show_certificate, name="certs-certificate"),
    path("certs/certificates/<int:certificate_id>/pem/", download_pem, name="certs-pem"),
    path("certs/findings/", show_findings, name="certs-findings"),
]
