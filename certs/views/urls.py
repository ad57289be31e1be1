"""Where the pages of certificates are."""

from django.urls import URLPattern, path

from certs.views.certificate import download_pem, show_certificate
from certs.views.certificates import show_certificates
from certs.views.deeds import own, replace, retire
from certs.views.explain import show_explanation
from certs.views.findings import show_findings
from certs.views.wall import show_wall

_ONE = "certs/certificates/<int:certificate_id>/"

page_urlpatterns: list[URLPattern] = [
    path("certs/", show_wall, name="certs-wall"),
    path("certs/certificates/", show_certificates, name="certs-certificates"),
    path(_ONE, show_certificate, name="certs-certificate"),
    path(f"{_ONE}pem/", download_pem, name="certs-pem"),
    path(f"{_ONE}explain/", show_explanation, name="certs-explain"),
    path(f"{_ONE}retire/", retire, name="certs-retire"),
    path(f"{_ONE}own/", own, name="certs-own"),
    path(f"{_ONE}replace/", replace, name="certs-replace"),
    path("certs/findings/", show_findings, name="certs-findings"),
]
