"""Where the API answers, below `/api/v1/certs/`."""

from django.urls import URLPattern

from certs.api.read_urls import read_urlpatterns

api_urlpatterns: list[URLPattern] = [
    *read_urlpatterns,
]
