"""Where certificates answer: pages and API."""

from django.urls import URLPattern, path

from certs.api.urls import api_urlpatterns
from certs.views.sources import confirm, look, show_runs, show_source, show_sources

_SOURCE = "certs/sources/<int:source_pk>/"

urlpatterns: list[URLPattern] = [
    path("certs/sources/", show_sources, name="cert-sources"),
    path(_SOURCE, show_source, name="cert-source"),
    path(f"{_SOURCE}runs/", show_runs, name="cert-source-runs"),
    path(f"{_SOURCE}look/", look, name="cert-source-look"),
    path(f"{_SOURCE}confirm/", confirm, name="cert-source-confirm"),
from certs.views.urls import page_urlpatterns

urlpatterns: list[URLPattern] = [
    *page_urlpatterns,
]

__all__ = ["api_urlpatterns", "urlpatterns"]
