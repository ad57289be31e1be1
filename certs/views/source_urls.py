"""Where pages of sources answer."""

from django.urls import URLPattern, path

from certs.views.sources import confirm, look, show_runs, show_source, show_sources
from certs.views.vouching import vouch

_SOURCE = "certs/sources/<int:source_pk>/"

source_urlpatterns: list[URLPattern] = [
    path("certs/sources/", show_sources, name="certs-sources"),
    path(_SOURCE, show_source, name="certs-source"),
    path(f"{_SOURCE}runs/", show_runs, name="certs-source-runs"),
    path(f"{_SOURCE}look/", look, name="certs-source-look"),
    path(f"{_SOURCE}confirm/", confirm, name="certs-source-confirm"),
    path("certs/certificates/<int:certificate_pk>/vouch/", vouch, name="certs-vouch"),
]
