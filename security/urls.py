"""Where the cloud's configuration answers: pages and API."""

from django.urls import URLPattern

from security.api.urls import api_urlpatterns

urlpatterns: list[URLPattern] = []

__all__ = ["api_urlpatterns", "urlpatterns"]
