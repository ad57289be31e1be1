"""Where certificates answer: pages and API."""

from django.urls import URLPattern

from certs.api.urls import api_urlpatterns

urlpatterns: list[URLPattern] = []

__all__ = ["api_urlpatterns", "urlpatterns"]
