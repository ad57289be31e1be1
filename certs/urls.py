"""Where certificates answer: pages and API."""

from django.urls import URLPattern

from certs.api.urls import api_urlpatterns
from certs.views.urls import page_urlpatterns

urlpatterns: list[URLPattern] = [
    *page_urlpatterns,
]

__all__ = ["api_urlpatterns", "urlpatterns"]
