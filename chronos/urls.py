"""Where the timeline answers: pages and its REST API."""

from django.urls import URLPattern

from chronos.api.urls import api_urlpatterns

urlpatterns: list[URLPattern] = []

__all__ = ["api_urlpatterns", "urlpatterns"]
