"""Where the cloud's configuration answers: pages and API."""

from django.urls import URLPattern

from security.api.urls import api_urlpatterns
from security.views.history_urls import history_urlpatterns

urlpatterns: list[URLPattern] = [*history_urlpatterns]

__all__ = ["api_urlpatterns", "urlpatterns"]
