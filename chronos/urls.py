"""Where the timeline answers: pages and its REST API."""

from django.urls import URLPattern, path

from chronos.api.urls import api_urlpatterns
from chronos.views.change import show_change
from chronos.views.timeline import timeline

urlpatterns: list[URLPattern] = [
    path("changes/", timeline, name="changes"),
    path("changes/<int:event_id>/", show_change, name="change"),
]

__all__ = ["api_urlpatterns", "urlpatterns"]
