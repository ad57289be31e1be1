"""Where the API answers, below `/api/v1/certs/`."""

from django.urls import URLPattern

from certs.api.endpoint_urls import endpoint_urlpatterns

api_urlpatterns: list[URLPattern] = [
    *endpoint_urlpatterns,
]
